"""Are word classes linearly separable in embedding space? The paper's section 3.3 and Table 2."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from joblib import Parallel, delayed
from scipy.special import ndtri
from tqdm.auto import tqdm

from stategrad.errors import InvalidInputError
from stategrad.probes.grid import Candidate, ProbeConfig, candidates, fit
from stategrad.probes.rows import ROWS, Pair, Task, task
from stategrad.probes.split import split_by_example, split_by_word


@dataclass(frozen=True)
class Row:
    """One row of Table 2. Accuracies are shares of (word, label) examples, NaN where the row is not possible.

    Attributes:
        row: its name, with the number of classes in brackets where the paper gives it.
        classes: how many labels.
        types: how many examples, a word once per label.
        majority_valid: accuracy on validation of always answering with the most frequent label of training.
        majority_test: the same on test.
        valid: accuracy of the chosen classifier on validation, on which it was chosen, as in the paper.
        valid_low: lower end of its 95 % interval (Wilson), over words; the choice and the split are left out of it.
        valid_high: upper end.
        valid_sd: standard deviation of that accuracy over splits, the chosen classifier trained on each; NaN for one split.
        valid_by_example: its accuracy where examples, not words, are split, as the paper's authors did.
        valid_by_example_low: lower end of its 95 % interval (Wilson).
        valid_by_example_high: upper end.
        ceiling: the share of examples that the best answer per word gets right: a word with k labels is right for one of them.
        test: its accuracy on words that played no part in the choice.
        penalty: of the chosen classifier.
        C: of the chosen classifier.
        class_weight: of the chosen classifier.
        scheme: of the chosen classifier.
        types_most: how many words where each counts once, with its most frequent tag.
        majority_most: accuracy on validation of the most frequent label, among these.
        valid_most: accuracy on validation of the chosen settings, trained on these; NaN where the row is not possible among them.
        converged: whether it converged.
        fits: how many classifiers were tried.
        not_converged: how many of them did not converge; they are chosen only where none did.
        seconds: time taken.
        note: what is particular about the row.
        labels: the classes.
    """

    row: str
    classes: int
    types: int
    majority_valid: float = float("nan")
    majority_test: float = float("nan")
    valid: float = float("nan")
    valid_low: float = float("nan")
    valid_high: float = float("nan")
    valid_sd: float = float("nan")
    valid_by_example: float = float("nan")
    valid_by_example_low: float = float("nan")
    valid_by_example_high: float = float("nan")
    ceiling: float = float("nan")
    test: float = float("nan")
    penalty: str = ""
    C: float = float("nan")
    class_weight: str = ""
    scheme: str = ""
    types_most: float = float("nan")
    majority_most: float = float("nan")
    valid_most: float = float("nan")
    converged: bool = False
    fits: int = 0
    not_converged: int = 0
    seconds: float = float("nan")
    note: str = ""
    labels: str = ""


@dataclass(frozen=True)
class SeparabilityResult:
    """The rows of Table 2."""

    rows: tuple[Row, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row per row of the table, a column per field of `Row`."""
        return pd.DataFrame([asdict(row) for row in self.rows])


def separability(
    embeddings: Float[np.ndarray, "word embedding"],
    pairs: Sequence[Pair],
    classes: Callable[[str], frozenset[str]],
    *,
    most: Sequence[Pair] | None = None,
    config: ProbeConfig | None = None,
    rows: Sequence[str] = tuple(ROWS),
    show_progress: bool = True,
) -> SeparabilityResult:
    """Search, for every row, the logistic regression that best tells the classes of unseen words apart.

    Trained on 80 % of the words, chosen by accuracy on 10 %, reported on these (as the paper) and on the last 10 %.

    Args:
        embeddings: a vector per word, as they are, not standardised.
        pairs: (word, tag), one per tag that a word can have.
        classes: the word classes of a tag.
        most: (word, tag), one per word, its most frequent tag: the chosen settings are trained on these too.
        config: the grid.
        rows: names of rows.
        show_progress: show a bar over the fits.

    Raises:
        InvalidInputError: no pairs, a word outside the embeddings, or vectors that are not finite.

    Source: Verwimp et al. 2018, section 3.3.
    """
    config = config or ProbeConfig()
    if not pairs:
        raise InvalidInputError("no word of the vocabulary has a tag, so there is nothing to separate; check the tagged files.")
    outside = [i for i, _ in pairs if not 0 <= i < len(embeddings)]
    if outside:
        raise InvalidInputError(
            f"word {outside[0]} is outside the {len(embeddings)} embeddings; pass those of the same vocabulary."
        )
    if not np.isfinite(embeddings).all():
        bad = int(np.flatnonzero(~np.isfinite(embeddings).all(1))[0])
        raise InvalidInputError(f"the embedding of word {bad} has values that are NaN or infinite.")
    tasks = [task(name, pairs, classes) for name in rows]
    grids = [candidates(config, len(set(t.labels))) if t.possible else [] for t in tasks]
    with tqdm(total=sum(map(len, grids)), desc="separability", unit="fit", disable=not show_progress) as bar:
        found = [_search(t, grid, embeddings, config, bar) for t, grid in zip(tasks, grids, strict=True)]
    if most is not None:
        found = [_with_most(row, task(name, most, classes), embeddings, config) for name, row in zip(rows, found, strict=True)]
    return SeparabilityResult(tuple(found))


def _with_most(row: Row, one: Task, embeddings: Float[np.ndarray, "word embedding"], config: ProbeConfig) -> Row:
    """A row with what its chosen settings reach where each word counts once."""
    if not (row.penalty and one.possible):
        return replace(row, types_most=float(len(one.labels)))
    candidate = Candidate(**{field.name: getattr(row, field.name) for field in fields(Candidate)})
    split = split_by_word(one.ids, one.labels, config.seed)
    x, y = _parts(embeddings[list(one.ids)], np.array(one.labels), split)
    majority = Counter(y["train"].tolist()).most_common(1)[0][0]
    return replace(
        row,
        types_most=float(len(one.labels)),
        majority_most=float((y["valid"] == majority).mean()),
        valid_most=_score(candidate, x, y, config.max_iter)[0],
    )


def _search(
    one: Task, grid: list[Candidate], embeddings: Float[np.ndarray, "word embedding"], config: ProbeConfig, bar: tqdm
) -> Row:
    labels = np.array(one.labels)
    if not one.possible:
        return Row(_title(one), len(set(one.labels)), len(labels), note=one.note, labels=_listed(labels))
    start = time.perf_counter()
    vectors = embeddings[list(one.ids)]
    x, y = _parts(vectors, labels, split_by_word(one.ids, one.labels, config.seed))
    jobs = (delayed(_score)(candidate, x, y, config.max_iter) for candidate in grid)
    scores = []
    for score in Parallel(n_jobs=config.workers, return_as="generator")(jobs):
        scores.append(score)
        bar.update()
    best = max(range(len(grid)), key=lambda i: (scores[i][2], scores[i][0]))
    low, high = _wilson(scores[best][0], len(y["valid"]))
    majority = Counter(y["train"].tolist()).most_common(1)[0][0]
    others = [split_by_word(one.ids, one.labels, config.seed + more) for more in range(1, config.splits)]
    again = [_score(grid[best], *_parts(vectors, labels, split), config.max_iter)[0] for split in others]
    by_example = _parts(vectors, labels, split_by_example(len(labels), config.seed))
    valid_by_example = _score(grid[best], *by_example, config.max_iter)[0]
    by_example_low, by_example_high = _wilson(valid_by_example, len(by_example[1]["valid"]))
    skipped = len(candidates(config, 3)) - len(grid) if len(set(one.labels)) > config.most_classes_l1 else 0
    left_out = f"the multinomial model with L1 was left out ({skipped} fits)" if skipped else ""
    return Row(
        row=_title(one),
        classes=len(set(one.labels)),
        types=len(labels),
        majority_valid=float((y["valid"] == majority).mean()),
        majority_test=float((y["test"] == majority).mean()),
        valid=scores[best][0],
        valid_low=low,
        valid_high=high,
        valid_sd=float(np.std([scores[best][0], *again], ddof=1)) if again else float("nan"),
        valid_by_example=valid_by_example,
        valid_by_example_low=by_example_low,
        valid_by_example_high=by_example_high,
        ceiling=len(set(one.ids)) / len(labels),
        test=scores[best][1],
        **asdict(grid[best]),
        converged=scores[best][2],
        fits=len(grid),
        not_converged=sum(not converged for _, _, converged in scores),
        seconds=round(time.perf_counter() - start, 1),
        note="; ".join(filter(None, (one.note, left_out))),
        labels=_listed(labels),
    )


def _parts(
    vectors: Float[np.ndarray, "example embedding"], labels: np.ndarray, split: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Vectors and labels of each part."""
    return {part: vectors[chosen] for part, chosen in split.items()}, {part: labels[chosen] for part, chosen in split.items()}


def _listed(labels: np.ndarray) -> str:
    return " ".join(sorted({str(label).replace(" ", "-") for label in labels}))


def _wilson(share: float, examples: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share: Wilson, Journal of the American Statistical Association 22, 1927."""
    z = ndtri((1 + level) / 2)
    middle, half = share + z**2 / (2 * examples), z * math.sqrt(share * (1 - share) / examples + (z / (2 * examples)) ** 2)
    return (middle - half) / (1 + z**2 / examples), (middle + half) / (1 + z**2 / examples)


def _title(one: Task) -> str:
    return f"{one.name} ({len(set(one.labels))})" if one.name in ("all", "nouns") else one.name


def _score(candidate: Candidate, x: dict[str, np.ndarray], y: dict[str, np.ndarray], max_iter: int) -> tuple[float, float, bool]:
    model, converged = fit(candidate, x["train"], y["train"], max_iter)
    return float((model.predict(x["valid"]) == y["valid"]).mean()), float((model.predict(x["test"]) == y["test"]).mean()), converged
