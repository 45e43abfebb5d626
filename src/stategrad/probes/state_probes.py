"""Can the class of a word be read from the state some steps later, and is that memory?

A linear classifier on `s_t` is asked for the class of `x_{t-τ}`. What it finds may lie in the words since then, which the state has
just read, or in any random network; so the same is asked of

    words between     x_{t-τ+1} … x_t side by side
    untrained         the state of the same network before training
    majority          always the most frequent class

and memory is `accuracy(state) - accuracy(words between)`. No word type stands in training and test, so that classes, and not words,
are learnt. How much a probe could learn by heart is the control task's to say: each type has a random class, types do stand on both
sides, and `selectivity = accuracy - accuracy of the control`, both on a split by position.

Source: Hewitt & Liang, Designing and Interpreting Probes with Control Tasks, EMNLP 2019.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.special import stdtrit
from tqdm.auto import tqdm

from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import StateKey, network_of
from stategrad.corpus.lexicon import Rule
from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.state_gradients import delays_of
from stategrad.gradients.streams import streams_of, vector_size
from stategrad.probes.state_examples import Targets, control_labels, states_at, steps_of, targets_of, untrained_of, words_between

FOLD = 5
READERS = ("state", "words between", "untrained", "majority", "state, words seen", "control")


@dataclass(frozen=True, eq=False)
class StateProbes:
    """Accuracies of probes on a state.

    Attributes:
        scores: a row per seed, delay and reader (`state`, `words between`, `untrained`, `majority`; `state, words seen` and
            `control` on a split by position): `accuracy`, `balanced` (the mean over classes), `test` (examples).
        state: layer and name.
        classes: what was told apart.
    """

    scores: pd.DataFrame
    state: StateKey
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        delays, seeds = self.scores["delay"].unique().tolist(), self.scores["seed"].nunique()
        state = self.scores[self.scores["reader"] == "state"].groupby("delay")["accuracy"].mean()
        shown = list(dict.fromkeys((min(delays), max(delays))))
        lines = [
            f"StateProbes of the {self.state[1]} state, layer {self.state[0]}",
            f"  classes    {', '.join(map(str, self.classes[:8]))}{' …' if len(self.classes) > 8 else ''}",
            f"  delays     {', '.join(map(str, delays))}",
            f"  seeds      {seeds}",
            f"  accuracy   {', '.join(f'{state[delay]:.3f} at delay {delay}' for delay in shown)}; see .to_dataframe()",
        ]
        return "\n".join(lines)

    def to_dataframe(self, *, level: float = 0.95) -> pd.DataFrame:
        """Means over seeds with t-intervals: a row per delay and reader, and per delay `memory` and `selectivity`.

        Args:
            level: of the intervals; none with one seed.

        Returns:
            Columns delay, reader, accuracy, accuracy_low, accuracy_high, balanced, balanced_low, balanced_high. `memory` is state
            less words between (at delay 0 less majority), `selectivity` state less control, both paired by seed.
        """
        wide = self.scores.pivot(index=["seed", "delay"], columns="reader", values=["accuracy", "balanced"])
        tables = []
        for measure in ("accuracy", "balanced"):
            frame = wide[measure].copy()
            between = frame["words between"] if "words between" in frame else frame["majority"]
            frame["memory"] = frame["state"] - between.fillna(frame["majority"])
            if "control" in frame:
                frame["selectivity"] = frame["state, words seen"] - frame["control"]
            tables.append(_over_seeds(frame, measure, level))
        table = tables[0].join(tables[1]).reset_index()
        order = {name: place for place, name in enumerate((*READERS, "memory", "selectivity"))}
        return table.sort_values(["delay", "reader"], key=lambda column: column.map(order).fillna(column), ignore_index=True)


def probe_states(
    model: Any,
    inputs: Any,
    labels: Any = None,
    *,
    delays: int | Sequence[int] = (0, 1, 2, 5, 10, 20),
    state: str | StateKey | None = None,
    rule: Rule | None = None,
    sample: int = 5000,
    seeds: int = 5,
    C: float = 0.01,
    initial_state: Any = None,
    seed: int = 0,
    show_progress: bool = True,
) -> StateProbes:
    """Train linear probes on `s_t` for the class of the word at t-τ, beside the words between and an untrained model.

    Args:
        model: as `state_gradients` takes it.
        inputs: likewise; a corpus brings its word classes.
        labels: a class per position, in the shape of the ids (None: not probed); default: the word classes of a corpus.
        delays: τ, each probed with classifiers of its own on the same steps t.
        state: a state's name, or `(layer, name)`; default: that of `state_gradients`.
        rule: by which words of a corpus have classes; default: gold tags, else the most frequent tag where
            it is known, else the first of the classes that a word can be in.
        sample: steps t, drawn at random for each seed.
        seeds: repetitions, each with other steps, another split and another untrained model.
        C: inverse strength of the L2 penalty on standardised features.
        initial_state: before the first input of each stream.
        seed: of the first repetition.
        show_progress: show a bar over the classifiers.

    Raises:
        InvalidInputError: nothing to probe for, too few examples of two classes, settings out of range.

    >>> import numpy as np, torch, stategrad as sg
    >>> x, labels = torch.randn(300, 3), np.arange(300) % 2
    >>> probes = sg.probe_states(torch.nn.GRU(3, 5), x, labels, delays=[0, 2], seeds=2, show_progress=False)
    >>> probes.to_dataframe().query("reader == 'memory'")["delay"].tolist()
    [0, 2]
    """
    problems = Problems("the probes")
    for name, value in (("sample", sample), ("seeds", seeds)):
        if value < 1:
            problems.add(f"{name} is {value}; give at least 1")
    if C <= 0:
        problems.add(f"C is {C}; give a number above 0")
    problems.raise_if_any()
    network = network_of(model, PRECISIONS["float32"], input_size=vector_size(inputs), initial_state=initial_state)
    key, streams = network.state_key(state), streams_of(inputs, network)
    delay_list = delays_of(delays, int(streams.lengths.max()))
    targets = targets_of(labels, inputs, streams, rule)
    generators = {number: np.random.default_rng(number) for number in range(seed, seed + seeds)}
    steps_by_seed = {number: steps_of(streams, int(delay_list[-1]), sample, one) for number, one in generators.items()}
    all_steps = np.unique(np.concatenate(list(steps_by_seed.values())))
    all_states = states_at(streams, all_steps, key, initial_state)
    rows = []
    with tqdm(total=seeds * len(delay_list), desc="probes on states", unit="delay", disable=not show_progress) as bar:
        for number, steps in steps_by_seed.items():
            states = {"state": all_states[np.searchsorted(all_steps, steps)]}
            fresh = untrained_of(model, number)
            if fresh is not None:
                other = network_of(fresh, PRECISIONS["float32"], input_size=vector_size(inputs), initial_state=initial_state)
                states["untrained"] = states_at(streams_of(inputs, other), steps, key, initial_state)
            for delay in delay_list:
                between = {"words between": words_between(streams, steps, int(delay))} if delay else {}
                for row in _at_delay(targets, steps - delay, states | between, C, generators[number]):
                    rows.append({"seed": number, "delay": int(delay)} | row)
                bar.update()
    return StateProbes(pd.DataFrame(rows), key, targets.names)


def _at_delay(
    targets: Targets,
    positions: Int[np.ndarray, " step"],
    features: dict[str, Float[np.ndarray, "step _"]],
    C: float,
    generator: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    """Every reader of one delay in one repetition."""
    known = np.flatnonzero(targets.of_position[positions] >= 0)
    classes, types = targets.of_position[positions[known]], targets.types[positions[known]]
    by_type = _split(types, generator)
    train, test = known[by_type], known[~by_type]
    _check(targets, classes[by_type], classes[~by_type])
    for reader, values in features.items():
        predicted = _predict(values[train], classes[by_type], values[test], C)
        yield {"reader": reader} | _scores(predicted, classes[~by_type])
    most = np.bincount(classes[by_type]).argmax()
    yield {"reader": "majority"} | _scores(np.full((~by_type).sum(), most), classes[~by_type])
    if not targets.has_types:
        return
    seen = generator.random(len(known)) < 1 - 1 / FOLD
    control = control_labels(targets, classes, generator)[types]
    for reader, wanted in (("state, words seen", classes), ("control", control)):
        values = features["state"]
        predicted = _predict(values[known[seen]], wanted[seen], values[known[~seen]], C)
        yield {"reader": reader} | _scores(predicted, wanted[~seen])


def _split(types: Int[np.ndarray, " example"], generator: np.random.Generator) -> Bool[np.ndarray, " example"]:
    """Which examples are for training: of every five word types of like frequency all but a random one."""
    distinct, places, counts = np.unique(types, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    for_training = np.ones(len(distinct), dtype=bool)
    for first in range(0, len(order), FOLD):
        for_training[generator.choice(order[first : first + FOLD])] = False
    return np.asarray(for_training[places])


def _check(targets: Targets, train: Int[np.ndarray, " train"], test: Int[np.ndarray, " test"]) -> None:
    if len(np.unique(train)) < 2 or len(test) == 0:
        counts = np.bincount(train, minlength=len(targets.names))
        have = ", ".join(f"{name} {count}" for name, count in zip(targets.names, counts, strict=True))
        raise InvalidInputError(
            f"a probe needs examples of two classes in training and some to test, and has {have} and {len(test)}; ask for a larger "
            "sample, or give a longer text."
        )


def _predict(
    train: Float[np.ndarray, "train feature"], classes: Int[np.ndarray, " train"], test: Float[np.ndarray, "test feature"], C: float
) -> Int[np.ndarray, " test"]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(np.unique(classes)) < 2:
        return np.full(len(test), classes[0])
    mean, spread = train.mean(0), train.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    model = LogisticRegression(C=C, max_iter=200, tol=1e-3)
    # many short products, for which the threads of a linear algebra library only wait for each other
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        # with a penalty this strong the last iterations change no prediction to speak of
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((train - mean) / spread, classes)
    return np.asarray(model.predict((test - mean) / spread)).astype(np.int64)


def _scores(predicted: Int[np.ndarray, " test"], wanted: Int[np.ndarray, " test"]) -> dict[str, Any]:
    right = predicted == wanted
    per_class = [right[wanted == one].mean() for one in np.unique(wanted)]
    return {"accuracy": float(right.mean()), "balanced": float(np.mean(per_class)), "test": len(wanted)}


def _over_seeds(frame: pd.DataFrame, measure: str, level: float) -> pd.DataFrame:
    long = frame.stack().dropna().rename_axis(["seed", "delay", "reader"]).groupby(level=["delay", "reader"])
    mean, count = long.mean(), long.count()
    with np.errstate(invalid="ignore"):
        half = stdtrit(np.maximum(count - 1, 1), (1 + level) / 2) * long.std() / np.sqrt(count)
    return pd.DataFrame({measure: mean, f"{measure}_low": mean - half, f"{measure}_high": mean + half})
