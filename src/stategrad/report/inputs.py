"""What a report is made from: the manifest and the tidy tables of a run folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.report.marks import completed

COMMANDS = {
    "memory": "analyze",
    "tracking": "analyze",
    "classes": "analyze",
    "comparisons": "analyze",
    "horizon": "analyze",
    "decay": "analyze",
    "channels": "analyze",
    "units": "analyze",
    "directions": "analyze",
    "seeds": "seeds",
    "pairs": "swap",
    "pushes": "swap",
    "controls": "controls",
    "equal": "controls",
    "sampling": "controls",
    "separability": "probe embeddings",
    "separability_cbow": "probe embeddings",
    "tags": "probe embeddings",
    "decoding": "probe states",
    "training": "train",
    "words": "words",
    "word_correlations": "words",
    "word_horizons": "words",
    "word_classes": "words",
    "swaps": "swap",
    "sentences": "words",
}
"""Which command of stategrad writes which table."""

REQUIRED = {
    "memory": ("delay", "sigma_1", "sigma_sum"),
    "tracking": ("property", "delay", "n", "relative_memory", "cosine", "subspace_share"),
    "classes": ("group", "sigma_1"),
    "comparisons": ("measure", "group", "other", "low", "high"),
    "horizon": ("measure", "level", "horizon"),
    "decay": ("measure", "law", "score", "preferred"),
    "channels": ("delay", "channel", "column_norm"),
    "units": ("unit", "horizon", "time_constant"),
    "seeds": ("measure", "delay", "own", "value", "mean", "another_low", "another_high", "between_sd", "text_sd", "refit_floor"),
    "pairs": ("group", "delay", "theta", "validity", "cosine"),
    "pushes": ("delay", "size", "rms", "predicted", "projection", "cosine", "explained", "linear_up_to"),
    "directions": ("delay", "mode", "stability", "positive", "negative", "named"),
    "controls": ("control", "delay", "sigma_1"),
    "equal": ("group", "sigma_1", "count"),
    "sampling": ("delay", "sigma_1", "half_width", "sampling", "text"),
    "separability": ("row", "valid"),
    "separability_cbow": ("row", "valid"),
    "tags": ("tag", "types", "stratified"),
    "decoding": ("delay", "reader", "accuracy"),
    "training": ("epoch",),
    "words": ("delay", "frequency", "sigma_1_equal", "effect"),
    "word_correlations": ("measure", "delay", "rho", "low", "high", "words"),
    "word_horizons": ("measure", "rho", "low", "high", "words", "beyond"),
    "word_classes": (
        "measure",
        "rule",
        "class",
        "other",
        "words",
        "other_words",
        "ratio_at_equal_frequency",
        "low",
        "high",
        "frequency_exponent",
    ),
    "swaps": ("group", "delay", "kind", "theta"),
    "sentences": ("sentence", "place", "after", "delay", "effect", "retained"),
}
SEPARABILITY = (
    "classes",
    "types",
    "majority_valid",
    "majority_test",
    "valid_low",
    "valid_high",
    "valid_sd",
    "valid_by_example",
    "valid_by_example_low",
    "valid_by_example_high",
    "ceiling",
    "types_most",
    "majority_most",
    "valid_most",
    "test",
    "not_converged",
)
OPTIONAL = {
    "memory": (
        "count",
        "detected",
        "p_value",
        "sigma_1_floor",
        "sigma_sum_floor",
        "rms",
        "energy_share",
        "selectivity",
        "selectivity_low",
        "selectivity_high",
        "selectivity_floor",
        "effective_rank",
        "effective_rank_low",
        "effective_rank_high",
        "effective_rank_floor",
        "participation_ratio",
        "participation_ratio_low",
        "participation_ratio_high",
        "participation_ratio_floor",
        "sigma_1_low",
        "sigma_1_high",
        "rms_low",
        "rms_high",
        "swap",
        "swap_low",
        "swap_high",
        "validity",
        "validity_own",
        "divergence",
        "divergence_low",
        "divergence_high",
        "sigma_1_untrained",
        "sigma_1_shuffled",
    ),
    "tracking": (
        "relative_memory_low",
        "relative_memory_high",
        "relative_memory_null_low",
        "relative_memory_null_high",
        "cosine_low",
        "cosine_high",
        "subspace_share_low",
        "subspace_share_high",
        "relative_memory_without_frequency",
        "relative_memory_null_low_without_frequency",
        "relative_memory_null_high_without_frequency",
    ),
    "classes": (
        "positions",
        "normalised",
        "normalised_low",
        "normalised_high",
        "sigma_1_floor",
        "rms",
        "sigma_1_low",
        "sigma_1_high",
        "rms_low",
        "rms_high",
    ),
    "comparisons": ("difference",),
    "horizon": ("horizon_low", "horizon_high", "longest"),
    "decay": (
        "difference_low",
        "amplitude",
        "time",
        "exponent",
        "exponent_low",
        "exponent_high",
        "time_low",
        "time_high",
        "time_2",
    ),
    "channels": ("column_norm_debiased", "column_norm_low", "column_norm_high", "column_norm_floor", "share"),
    "units": ("row_norm",),
    "seeds": ("mean_low", "mean_high"),
    "pairs": ("count", "validity_low", "validity_high", "cosine_low", "cosine_high"),
    "pushes": ("own_explained", "explained_low", "explained_high", "linear_up_to_low", "linear_up_to_high"),
    "directions": (
        "sigma_share",
        "set_stability",
        "log_frequency",
        "class_correlation",
        "class_partial",
        "class_chance",
        "class_partial_chance",
    ),
    "controls": ("count", "sigma_1_low", "sigma_1_high", "rms"),
    "equal": ("sigma_1_low", "sigma_1_high", "rms", "rms_low", "rms_high"),
    "swaps": ("theta_low", "theta_high"),
    "sampling": (),
    "separability": SEPARABILITY,
    "separability_cbow": SEPARABILITY,
    "tags": ("types_most",),
    "decoding": ("accuracy_low", "accuracy_high", "balanced"),
    "training": ("learning_rate", "train_perplexity", "valid_perplexity", "seconds"),
    "words": (
        "count",
        "rms_equal",
        "sigma_1_any_low",
        "sigma_1_any_high",
        "rms_any_low",
        "rms_any_high",
        "effect_any_low",
        "effect_any_high",
    ),
    "word_correlations": (),
    "word_horizons": (),
    "word_classes": (),
    "sentences": ("sigma_1",),
}
LABELS = (
    "word", "state_word", "state", "control", "kind", "reader", "group", "other", "measure", "law", "rule", "property", "row",
    "note", "penalty", "class_weight", "scheme", "positive", "negative", "class", "set", "seed", "direction", "tag",
)  # fmt: skip
KEYED = ("memory", "tracking", "classes")
OPTIONAL_TABLES = (
    "comparisons", "horizon", "decay", "channels", "units", "directions", "seeds", "pairs", "pushes", "controls", "equal",
    "sampling", "separability", "separability_cbow", "swaps", "tags", "decoding", "training", "words", "word_correlations",
    "word_horizons", "word_classes", "sentences",
)  # fmt: skip


@dataclass(frozen=True)
class RunTables:
    """The tables of a run and what is known about it.

    Attributes:
        folder: of the run.
        manifest: as it was read; `facts` holds what is known, any of it may be missing.
        settings: the text of `config.yaml`, empty where there is none.
        memory: memory curves per state, group, rule and delay.
        tracking: property tracking; no rows for a text without tags.
        classes: word classes at delay 0; no rows for a text without tags.
        comparisons: the differences between them, None where they were not taken.
        horizon: how far back memory reaches by each measure, None where it was not taken.
        decay: decay laws of its curves, None where they were not fitted.
        channels: what reaches the states from each channel of inputs of a few dimensions; no rows for others.
        units: how long each unit of the states remembers, None where not taken.
        directions: the leading directions and their words, None where they were not named.
        seeds: memory curves of other seeds of the recipe, None where there are no other runs.
        pairs: swaps of singular and plural nouns beside what gradients predict, None where they were not measured.
        pushes: effects of pushes along directions beside what gradients predict, None where they were not measured.
        controls: memory curves of the untrained model, on shuffled text, within and across sentences; None where not taken.
        equal: word classes at delay 0 from equally many positions, None where not taken.
        sampling: the parts of the intervals that sampling and the text have, None where not taken.
        separability: the linear classifiers, None where they were not trained.
        separability_cbow: those on cbow vectors of the same text, likewise.
        swaps: swap memory by every kind of swap, None where it was not measured.
        tags: the tags that they tell apart and their word types, likewise.
        decoding: what linear probes read from the states, None where they were not trained.
        training: the epochs, None where the model was given.
        words: every word on its own, None where that was not measured.
        word_correlations: of their measures with frequency, likewise.
        word_horizons: correlations of their horizons with frequency, likewise.
        word_classes: ratios of word classes at equal frequency, likewise.
        sentences: what every state in some sentences depends on, None where none were followed.
    """

    folder: Path
    manifest: dict[str, Any]
    settings: str
    memory: pd.DataFrame
    tracking: pd.DataFrame
    classes: pd.DataFrame
    comparisons: pd.DataFrame | None
    horizon: pd.DataFrame | None
    decay: pd.DataFrame | None
    channels: pd.DataFrame | None
    units: pd.DataFrame | None
    directions: pd.DataFrame | None
    seeds: pd.DataFrame | None
    pairs: pd.DataFrame | None
    pushes: pd.DataFrame | None
    controls: pd.DataFrame | None
    equal: pd.DataFrame | None
    sampling: pd.DataFrame | None
    separability: pd.DataFrame | None
    separability_cbow: pd.DataFrame | None
    swaps: pd.DataFrame | None
    tags: pd.DataFrame | None
    decoding: pd.DataFrame | None
    training: pd.DataFrame | None
    words: pd.DataFrame | None
    word_correlations: pd.DataFrame | None
    word_horizons: pd.DataFrame | None
    word_classes: pd.DataFrame | None
    sentences: pd.DataFrame | None

    @property
    def facts(self) -> dict[str, Any]:
        """What the stages of the run noted."""
        return dict(self.manifest.get("facts") or {})

    @property
    def states(self) -> list[str]:
        """The states with memory curves, the one to open with first."""
        names = [str(name) for name in self.memory["state"].unique()]
        first = self.facts.get("state")
        return sorted(names, key=lambda name: name != first)

    @property
    def memories(self) -> pd.DataFrame | None:
        """At the delays of the probes, relative to the first: what is decoded beyond the words between, `σ_1` and swap memory.

        None where no state has anything decoded at the first delay (by the interval, or the value where there is none): then there
        is nothing to be relative to.
        """
        if self.decoding is None or self.decoding.empty:
            return None
        decoded = self.decoding[self.decoding["reader"] == "memory"].set_index(["state", "delay"])
        columns = {name.replace("accuracy", "decoded"): decoded[name] for name in ("accuracy", "accuracy_low", "accuracy_high")}
        curves = self.memory[self.memory["group"] == "all"].set_index(["state", "delay"])[["sigma_1", "swap"]]
        table = pd.DataFrame(columns).join(curves, how="left").sort_index()
        first = table.groupby(level="state").transform("first")
        found = first["decoded_low"].fillna(first["decoded"]) > 0
        if not found.any():
            return None
        table.loc[~found, ["decoded", "decoded_low", "decoded_high"]] = np.nan
        for name in table:
            table[name] = table[name] / first["decoded" if str(name).startswith("decoded") else name]
        return table.reset_index()

    @property
    def numbers(self) -> list[int]:
        """The numbers of directions n of the cosines, the one to open with first; none where there is no choice."""
        listed = sorted({int(n) for n in self.tracking["n"]})
        opened = 5 if 5 in listed else max(listed, default=0)
        return sorted(listed, key=lambda n: n != opened) if len(listed) > 1 else []

    @property
    def rules(self) -> list[str]:
        """The rules by which words have classes at every delay; Table 1 may have more."""
        followed = {str(rule) for rule in self.memory.loc[self.memory["group"] != "all", "rule"]}
        return [str(rule) for rule in self.classes["rule"].unique() if str(rule) in followed]


def read_run(folder: Path) -> RunTables:
    """Read the manifest and the tables of a run folder.

    Args:
        folder: of the run.

    Raises:
        MissingInputError: no such folder, or a table that the page cannot do without.
        InvalidInputError: a manifest or a table that is damaged or lacks a column.
    """
    if not folder.is_dir():
        raise MissingInputError(f"there is no folder {folder}; `stategrad run` makes one.")
    manifest_path, settings_path = folder / "manifest.json", folder / "config.yaml"
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8")) if manifest_path.is_file() else {}
    except ValueError as error:
        raise InvalidInputError(f"{manifest_path} is not JSON ({error}); delete the folder and run again.") from error
    if not isinstance(manifest, dict):
        raise InvalidInputError(f"{manifest_path} holds no object of facts; delete the folder and run again.")
    settings = settings_path.read_text(encoding="utf-8") if settings_path.is_file() else ""
    tables = {name: _read(folder, name) for name in KEYED}
    there = {name: _read(folder, name) if (folder / "measures" / f"{name}.csv").is_file() else None for name in OPTIONAL_TABLES}
    return RunTables(folder, manifest, settings, **tables, **there)


def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / "measures" / f"{name}.csv"
    again = f"`stategrad {COMMANDS[name]} {folder}` makes it"
    if not path.is_file():
        raise MissingInputError(f"{path} is missing; {again}.")
    try:
        # "nan" is a word where words stand, and nothing where numbers do
        columns = pd.read_csv(path, nrows=0).columns
        missing_values = {str(column): ["", "NaN", "nan"] for column in columns if column not in LABELS}
        frame = pd.read_csv(path, keep_default_na=False, na_values=missing_values)
    except (ValueError, pd.errors.ParserError) as error:
        raise InvalidInputError(f"{path} is not a table ({error}); {again} anew.") from error
    missing = [column for column in REQUIRED[name] if column not in frame]
    if missing:
        raise InvalidInputError(f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; {again} anew.")
    numeric = {*REQUIRED[name], *OPTIONAL[name]} - {*LABELS, "named", "preferred", "stratified"}
    wrong = [column for column in frame if column in numeric and not pd.api.types.is_numeric_dtype(frame[column])]
    # a column without any value is read as text in an empty table
    if wrong and len(frame):
        raise InvalidInputError(f"{path} has values that are no numbers in the column {wrong[0]}; {again} anew.")
    absent = {column: float("nan") for column in OPTIONAL[name] if column not in frame}
    frame = frame.assign(**absent)
    return _labelled(completed(frame) if name in KEYED else frame)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    present = [name for name in LABELS if name in frame]
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), "").astype(str) for name in present})
