"""The result of an analysis word by word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stategrad.errors import InvalidInputError, check_choice
from stategrad.measures.horizon import crossings
from stategrad.words.class_ratios import class_ratios
from stategrad.words.correlation import rank_correlation

MEASURES = ("sigma_1", "sigma_1_equal", "rms", "rms_equal", "effect")
"""The measures of a word that are held against its frequency."""

COMPARED = ("sigma_1", "rms", "effect")
"""The measures of a word that are held against those of any words."""

BAND = (0.025, 0.975)


@dataclass(frozen=True, eq=False, repr=False)
class WordMemory:
    """How well each word is remembered, as sensitivity (gradients) and as effect (swaps), of one state.

    Attributes:
        table: a row per word and delay. `count`: positions used; `occurrences` in the text; `frequency`: occurrences per million
            words of the text in which they were counted, `log_frequency` its natural logarithm (-inf for none). `sigma_1` of the
            word's mean gradient, with `_debiased`, `_low`, `_high` where `detected`; `rms`; both also `_equal`, from the same
            number of positions of every word, and `_pseudo`: what so many positions of any words show, NaN beyond the largest
            groups of them. `effect`: the mean change of the state when the word is replaced by the mean embedding, with `_low`,
            `_high`.
        pseudo: the same of groups of any words, a row per size (`count`), `draw` and delay: `sigma_1`, `rms`, `effect`.
        equal: how many positions every word has in the columns `_equal`.
        state: which state.
        provenance: versions, hashes and settings, as JSON.

    What is called `sigma_1` and `rms` is in the `units` of the inputs: in whitened space those of `Ḡ D` and `Dᵀ E[GᵀG] D`.
    """

    table: pd.DataFrame
    pseudo: pd.DataFrame
    equal: int
    state: str
    provenance: str

    @property
    def units(self) -> str:
        """Of the inputs of gradients: `paper2018` (the space of the embeddings) or `csl2020` (whitened)."""
        return str(json.loads(self.provenance)["settings"].get("units", "paper2018"))

    @property
    def words(self) -> list[str]:
        """The words, the most frequent in the text first."""
        return list(dict.fromkeys(self.table["word"]))

    def band(self) -> pd.DataFrame:
        """What 95 % of pseudo-words show: a row per size and delay, `sigma_1_low`, `sigma_1_high`, and so for rms and effect.

        Quantiles at p (n + 1) of n draws, between which another pseudo-word lies with that probability, whatever their law; with
        fewer than 39 draws of a size its lowest and highest, which hold (n - 1)/(n + 1).
        """
        rows = []
        for (count, delay), frame in self.pseudo.groupby(["count", "delay"]):
            ends = np.quantile(frame[list(COMPARED)], BAND, axis=0, method="weibull")
            columns = {
                f"{name}_{end}": ends[row, at] for at, name in enumerate(COMPARED) for row, end in enumerate(("low", "high"))
            }
            rows.append({"count": count, "delay": delay} | columns)
        return pd.DataFrame(rows, columns=["count", "delay", *(f"{name}_{end}" for name in COMPARED for end in ("low", "high"))])

    def correlations(self, *, draws: int = 1000, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
        """Spearman's rank correlation of each measure with frequency, per delay: `rho`, `low`, `high` over words, `words`.

        A noisy mean is too large, and more so the rarer the word: `sigma_1` correlates with frequency where there is nothing to
        remember. `sigma_1_equal` and `rms_equal` do not have that fault.

        Args:
            draws: resamples of the words, for the interval.
            level: its nominal coverage.
            seed: of the draws.
        """
        rows = []
        for delay, frame in self.table.groupby("delay"):
            known = frame["frequency"] > 0
            frequency = frame["frequency"].where(known).to_numpy(dtype=np.float64)
            for measure in MEASURES:
                one = rank_correlation(frame[measure].to_numpy(dtype=np.float64), frequency, draws=draws, level=level, seed=seed)
                rows.append({"measure": measure, "delay": delay, **one._asdict()})
        return pd.DataFrame(rows)

    def compare_classes(
        self, classes: Mapping[str, Sequence[str]], measure: str = "sigma_1_equal", *, delay: int | None = None,
        draws: int = 2000, level: float = 0.95, seed: int = 0,
    ) -> pd.DataFrame:  # fmt: skip
        """How many times better the words of one class are remembered than those of another, at equal frequency.

        `ln y = α_class + β ln frequency`, over words: `stategrad.words.class_ratios`. With columns `_equal` at equal counts too.

        Args:
            classes: the words of each; words of several classes, and classes of fewer than 5 words, are left out.
            measure: a column of the table.
            delay: one of the analysis; default: the first.
            draws: of words, for the intervals.
            level: nominal coverage, of all pairs together.
            seed: of the draws.

        Returns:
            A row per pair: `class`, `other`, `words`, `other_words`, `ratio` of geometric means as they are,
            `ratio_at_equal_frequency` with `low` and `high`, `frequency_exponent` β.

        Raises:
            InvalidInputError: an unknown measure or delay.
        """
        check_choice("measure", measure, MEASURES)
        delays = sorted(set(self.table["delay"]))
        if delay is not None and delay not in delays:
            raise InvalidInputError(f"delay {delay} was not measured; there are {', '.join(map(str, delays))}.")
        rows = self.table[self.table["delay"] == (delays[0] if delay is None else delay)]
        values = dict(zip(rows["word"], zip(rows[measure], rows["frequency"], strict=True), strict=True))
        return class_ratios(values, classes, draws=draws, level=level, seed=seed)

    def horizon(self, measures: Sequence[str] = ("sigma_1", "rms", "effect"), *, level: float = float(np.exp(-1))) -> pd.DataFrame:
        """Per word the delay where each measure first falls below a part of its value at the first delay; NaN where it does not.

        Between the delays of the analysis by linear interpolation: ask for more of them, if need be.

        Args:
            measures: columns of the table.
            level: part of the value at the first delay.

        Raises:
            InvalidInputError: an unknown measure.
        """
        for measure in measures:
            check_choice("measure", measure, MEASURES)
        rows = []
        for word, frame in self.table.groupby("word", sort=False):
            delays, own = frame["delay"].to_numpy(), {"word": word, "log_frequency": frame["log_frequency"].iloc[0]}
            for measure in measures:
                curve = frame[measure].to_numpy(dtype=np.float64)
                with np.errstate(invalid="ignore", divide="ignore"):
                    own[measure] = crossings(delays, curve / curve[0], level).first
            rows.append(own)
        return pd.DataFrame(rows)

    def horizon_correlations(
        self, *, level: float = float(np.exp(-1)), draws: int = 1000, coverage: float = 0.95, seed: int = 0
    ) -> pd.DataFrame:
        """Spearman's rank correlation of each measure's horizon with frequency: `rho`, `low`, `high` over words, `words`.

        A word whose measure stays above the level up to the longest delay counts as longer than all that fall below it, and
        `beyond` says how many do so. A noisy mean falls to its noise, not to nothing: where that lies above the level, `sigma_1`
        has no horizon, at equal counts neither, and the rms is the safer measure.

        Args:
            level: part of the value at the first delay.
            draws: resamples of the words, for the interval.
            coverage: its nominal coverage.
            seed: of the draws.
        """
        first = self.table["delay"].min()
        horizon = self.horizon(MEASURES, level=level).set_index("word")
        at_first = self.table[self.table["delay"] == first].set_index("word")
        frequency = at_first["frequency"].where(at_first["frequency"] > 0).reindex(horizon.index)
        rows = []
        for measure in MEASURES:
            known = self.table.groupby("word", sort=False)[measure].apply(lambda curve: bool(np.isfinite(curve).all()))
            beyond = horizon[measure].isna() & known.reindex(horizon.index)
            ranked = horizon[measure].where(~beyond, self.table["delay"].max() + 1.0)
            one = rank_correlation(
                ranked.to_numpy(dtype=np.float64), frequency.to_numpy(dtype=np.float64), draws=draws, level=coverage, seed=seed
            )
            rows.append({"measure": measure, **one._asdict(), "beyond": int((beyond & frequency.notna()).sum())})
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        words, delays = self.words, sorted(set(self.table["delay"]))
        lines = [
            f"WordMemory of the {self.state} state",
            f"  words      {len(words):,}: {', '.join(words[:8])}{' …' if len(words) > 8 else ''}",
            f"  delays     {', '.join(map(str, delays))}",
            f"  at equal   {self.equal} positions per word",
        ]
        lines += ["  units      csl2020: gradients in whitened embedding space"] if self.units == "csl2020" else []
        return "\n".join(lines)
