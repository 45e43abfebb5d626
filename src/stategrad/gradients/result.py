"""The result of an analysis: labelled means of state gradients, and the measures taken from them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from stategrad.errors import InvalidInputError, suggestion
from stategrad.gradients import storage
from stategrad.gradients.channels import FEWEST_FOR_SUBSPACES, channel_columns
from stategrad.gradients.curves import Cases, memory_columns, tracking_columns
from stategrad.gradients.decay import decay_table
from stategrad.gradients.group_comparison import group_differences, group_shares
from stategrad.gradients.horizons import LEVELS, check_levels, estimates_of, horizons
from stategrad.gradients.labelled_means import labelled_means
from stategrad.gradients.merging import merged_fields
from stategrad.gradients.methods import methods_of, references_of
from stategrad.gradients.moments import Moments
from stategrad.gradients.named_directions import leading_directions, names_of_directions
from stategrad.gradients.own_statistics import statistic_columns
from stategrad.gradients.request import Request
from stategrad.gradients.state_statistics import StateStatistics
from stategrad.gradients.tracked_directions import Direction, tracked_directions
from stategrad.gradients.unit_memory import row_norms, unit_horizons
from stategrad.gradients.units import check_statistics, scaled, whitened
from stategrad.models.embeddings import Embeddings


@dataclass(frozen=True, eq=False, repr=False)
class StateGradients:
    """Mean gradients of one state with respect to the input τ steps earlier, per group and delay.

    Attributes:
        mean: `Ḡ_τ`, dimensions (group, delay, state, embedding); conditions on the state's position stand between group and
            delay, as `state_group` and `boundary`, here and in all others. NaN where there is no position, or where gradients
            explode.
        count: positions that were propagated, (group, delay).
        population: positions of the text that they stand for, (group, delay); equal to `count` without sampling.
        block_mean: `Ḡ_τ` of each block, (group, block, delay, state, embedding); zero where a block is empty.
        block_count: `population` of each block, (group, block, delay), without the strata of which no position was drawn.
        second_moment: `E[GᵀG]`, (group, delay, embedding, embedding_), or None where it was not kept.
        block_second_moment: the same of each block.
        embeddings: the input vectors with their words, or None.
        whitening: the D of `whiten`, (embedding, embedding_), or None.
        provenance: versions, hashes and settings, as JSON.
        state_sd: what `scale` divided each unit of the state by, (state), or None.
        covered: the positions that the result stands for, (stretch, edge): the number of the text, and the first and the
            past-last position of each unbroken stretch of it; `merge` adds no position twice.
    """

    mean: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    block_mean: xr.DataArray
    block_count: xr.DataArray
    second_moment: xr.DataArray | None
    block_second_moment: xr.DataArray | None
    embeddings: Embeddings | None
    whitening: xr.DataArray | None
    provenance: str
    state_sd: xr.DataArray | None = None
    covered: xr.DataArray | None = None

    @classmethod
    def from_moments(
        cls,
        moments: Moments,
        request: Request,
        *,
        embeddings: Embeddings | None,
        provenance: str,
    ) -> StateGradients:
        """Turn the sums of an analysis into labelled means. They are divided in place: `moments` is used up."""
        arrays: dict[str, Any] = labelled_means(moments, request)
        return cls(**arrays, embeddings=embeddings, whitening=None, provenance=provenance)

    @property
    def _cases(self) -> tuple[str, ...]:
        """The dimensions of what is one mean gradient each: group, conditions, delay."""
        return tuple(str(name) for name in self.mean.dims[:-2])

    def _dataset(self, columns: Mapping[str, tuple[tuple[str, ...], np.ndarray]], **coords: Any) -> xr.Dataset:
        """Measures with dimensions beyond those of the cases, labelled."""
        variables = {name: ((*self._cases, *dims), values) for name, (dims, values) in columns.items()}
        return xr.Dataset(variables, {name: self.mean[name] for name in self._cases} | coords)

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.mean["group"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.mean["delay"].values]

    @cached_property
    def _arrays(self) -> Cases:
        """The means with their blocks, block by case."""

        def by_case(blocks: xr.DataArray, *rest: str) -> np.ndarray:
            return blocks.transpose(*self._cases, "block", *rest).values

        seconds = self.second_moment, self.block_second_moment
        return Cases.of(
            self.mean.values,
            None if seconds[0] is None else seconds[0].values,
            by_case(self.block_mean, "state", "embedding"),
            None if seconds[1] is None else by_case(seconds[1], "embedding", "embedding_"),
            by_case(self.block_count),
        )

    def sel(self, **labels: Any) -> StateGradients:
        """The result for some of its groups, delays or conditions: a label, or a list of them, by dimension.

        >>> import torch, stategrad as sg
        >>> result = sg.state_gradients(torch.nn.LSTM(3, 5), torch.randn(40, 3), delays=4, show_progress=False)
        >>> result.sel(delay=[0, 3]).delays
        [0, 3]
        """
        chosen = {name: [label] if isinstance(label, str | int) else list(label) for name, label in labels.items()}
        unknown = [name for name in chosen if name not in self._cases]
        if unknown:
            raise InvalidInputError(f"unknown dimension '{unknown[0]}': {suggestion(unknown[0], self._cases)}.")
        missing = {name: [one for one in wanted if one not in self.mean[name].values] for name, wanted in chosen.items()}
        for name, absent in missing.items():
            if absent:
                raise InvalidInputError(
                    f"unknown {name} '{absent[0]}': {suggestion(str(absent[0]), map(str, self.mean[name].values))}."
                )
        names = ("mean", "count", "population", "block_mean", "block_count", "second_moment", "block_second_moment")
        kept = {name: array.sel(chosen) for name in names if (array := getattr(self, name)) is not None}
        return replace(self, **kept)

    def spectrum(self) -> xr.Dataset:
        """`Ḡ_τ = U Σ Vᵀ` per group and delay: `singular_values`, `left` (U) and `right` (V)."""
        left, values, right = self._arrays.decomposed
        columns = {
            "singular_values": (("mode",), values),
            "left": (("state", "mode"), left),
            "right": (("embedding", "mode"), right),
        }
        return self._dataset(columns, mode=np.arange(1, values.shape[-1] + 1))

    def memory(self, *, level: float = 0.95) -> xr.Dataset:
        """The memory curves: measures of every group at every delay, with intervals from the blocks.

        `sigma_1` and `sigma_sum` (the paper's figure 1), `selectivity` = σ_1/Σσ, and in directions the `effective_rank` and the
        `participation_ratio`; where second moments were
        kept the `rms` = √λ_1(E[GᵀG]) and the `energy_share` = ‖Ḡ‖²_F / E‖G‖²_F of the mean. A bare name is the plain value;
        `_debiased`, `_cv`, `_low`, `_high`, `_band_low`, `_band_high` and `_floor` stand beside it where they exist. Where
        `detected` is false the plain value is an upper bound, and no debiased value or interval is given. Fewer than 6
        blocks give neither. `rank_limited` groups have fewer positions than the embedding has dimensions.

        Args:
            level: nominal coverage of the intervals.
        """
        columns = memory_columns(self._arrays, level=level)
        counts = {name: ((), array.values) for name, array in (("count", self.count), ("population", self.population))}
        counts["rank_limited"] = ((), self.count.values < self.mean.sizes["embedding"])
        return self._dataset(counts | {name: ((), column) for name, column in columns.items()})

    def track(
        self,
        d: Direction | Mapping[str, Direction],
        n: int | Sequence[int] = 5,
        *,
        project_out: Direction | Literal["frequency"] | None = None,
        level: float = 0.95,
    ) -> xr.Dataset:
        """How well one property, or each of several, is kept: `relative_memory`, `cosine` and `subspace_share`.

        Args:
            d: a `Property` or a direction of embedding space; or a mapping, which adds a dimension property.
            n: how many of the best-remembered directions the cosine compares with; several add a dimension n, none leave it out.
            project_out: a direction whose part is first taken out of the property and of its null, orthogonally in the space of the
                result; "frequency" is that along which the result's own embeddings move with log frequency.
            level: nominal coverage of the intervals.

        Returns:
            `relative_memory` (eq. 7) per group and delay, with bias and interval as in `memory`, and `relative_memory_cv`, whose
            quotient by the plain value says how far the property itself stands out of the noise; `cosine` (eq. 4), which is not
            corrected, its interval around the plain value, `subspace_share` Σ_{i≤n} σ_i / Σσ with the interval of its debiased
            value, and `near_tie`, whether σ_n/σ_{n+1} is below 1.05, all per n.
            `_isotropic_low` and `_isotropic_high` hold 95 % of random directions; `_null_low` and `_null_high`, for a `Property`
            of the result's own embeddings with frequencies, 95 % of the properties with permuted labels.

        Raises:
            InvalidInputError: a direction of another size, the zero vector, an n out of range; a property of which nothing is left.
        """
        if isinstance(d, Mapping):
            tracked = [self.track(one, n, project_out=project_out, level=level) for one in d.values()]
            return xr.concat(tracked, dim=pd.Index(list(d), name="property"))
        several = not isinstance(n, int)
        counts = list(n) if not isinstance(n, int) else [n]
        self._check_subspaces(counts)
        direction, null = tracked_directions(self, d, project_out)
        one, many = tracking_columns(self._arrays, direction, counts, null, level=level)
        result = self._dataset(
            {name: ((), column) for name, column in one.items()} | {name: (("n",), column) for name, column in many.items()},
            **({"n": counts} if counts else {}),
        )
        return result if several else result.squeeze("n", drop=True)

    def _check_subspaces(self, counts: list[int]) -> None:
        sizes = self.mean.sizes
        modes = min(sizes["state"], sizes["embedding"])
        if max(counts, default=0) > modes and sizes["embedding"] < FEWEST_FOR_SUBSPACES:
            raise InvalidInputError(
                f"n is {max(counts)}; give a number of directions from 1 to {modes}, or none (n=[]) beside result.channels(): in "
                f"{sizes['embedding']} dimensions every direction lies near a subspace of a few."
            )

    def horizon(self, levels: Sequence[float] = LEVELS, *, level: float = 0.95) -> pd.DataFrame:
        """How far back memory reaches: the delay where `σ_1` and the rms fall below parts of their values at delay 0.

        Of debiased values relative to delay 0, between the measured delays by linear interpolation; where `σ_1` is not detected, of
        the plain value, which is an upper bound. The interval is where the ends of the relative curve's own interval cross, which
        where `σ_1` is not detected reaches from 0 to that bound.

        Args:
            levels: parts of the value at delay 0; default 1/e and a tenth.
            level: nominal coverage of the intervals.

        Returns:
            A row per group (and condition), `measure` (`mean`, and `rms` where second moments were kept) and level: `horizon`, the
            first crossing, with `horizon_low` and `horizon_high`; `last_crossing`, after which the curve stays below; `reached`,
            false where it never falls so low within `longest`, the longest delay; `undetected_from`, the first delay at which the
            blocks do not agree on any memory. An end of the interval that is never reached is NaN: beyond `longest`; both are with
            fewer than 6 blocks. No row where there is nothing at delay 0, as across a boundary, or `σ_1` is not detected there.

        Raises:
            InvalidInputError: delay 0 was not asked for, or a level outside 0 to 1.

        >>> import torch, stategrad as sg
        >>> result = sg.state_gradients(torch.nn.LSTM(3, 5), torch.randn(200, 3), delays=12, show_progress=False)
        >>> result.horizon([0.5])[["group", "measure", "reached"]].values.tolist()
        [['all', 'mean', True], ['all', 'rms', True]]
        """
        check_levels(self.delays, levels)
        return horizons(self._arrays, self._labels, self.delays, levels, level=level)

    def decay_laws(self, *, level: float = 0.95) -> pd.DataFrame:
        """By which law memory decays: exponential, power, stretched exponential or the sum of two exponentials.

        Each is fitted to debiased `σ_1` and to the rms, in units of their standard errors, up to the first delay without detected
        memory, and scored on blocks of the text that the fit has not seen (`stategrad.measures.decay_laws`). Delays are correlated,
        so that criteria that count them as independent (AIC) do not hold.

        Args:
            level: of the intervals, each for itself.

        Returns:
            A row per group (and condition), measure (`mean`, `rms`) and law: `score`, 1 for a law that is true, else larger;
            `difference` to the best score with `difference_low`, `difference_high`; `preferred`, the law with the fewest parameters
            whose difference may be 0; `delays`, how many were fitted; and the parameters with their intervals: `amplitude`,
            `time` and `time_2` in delays, `exponent`. No rows where there are too few delays, or fewer than 6 blocks.
        """
        cases = self._arrays
        detected = np.broadcast_to(cases.detected, self.mean.shape[:-2])
        return decay_table(estimates_of(cases, level=level), self._labels, self.delays, cases.block_count, detected, level=level)

    @property
    def _labels(self) -> list[dict[str, str]]:
        """The labels of each curve, in the order of the flattened cases."""
        dims = self._cases[:-1]
        axes = [[str(label) for label in self.mean[name].values] for name in dims]
        return [dict(zip(dims, labels, strict=True)) for labels in itertools.product(*axes)]

    def unit_memory(self, statistics: StateStatistics | None = None) -> xr.Dataset:
        """What each unit of the state remembers, and for how long: the rows of the mean gradient.

        Args:
            statistics: of the same state, by `describe_states`; adds what the units' own gates would keep.

        Returns:
            Per group, delay and unit (dimension state) `row_norm` = ‖row of Ḡ_τ‖, and `row_norm_debiased` without the noise's part
            (negative where blocks disagree). Per group and unit `horizon`, the delay where the debiased norm first falls below 1/e
            of its value at delay 0, NaN where it does not, or where delay 0 was not asked for. With `statistics`, per unit,
            `time_constant` = -1/ln f̄ in steps, for states with a gate that keeps them.

        Raises:
            InvalidInputError: statistics of another state.
        """
        plain, debiased = row_norms(self._arrays)
        columns = {"row_norm": (("state",), plain), "row_norm_debiased": (("state",), debiased)}
        result = self._dataset(columns)
        if 0 in self.delays:
            horizons = unit_horizons(np.array(self.delays), debiased)
            result["horizon"] = ((*self._cases[:-1], "state"), horizons)
        if statistics is not None:
            check_statistics(self, statistics)
            if statistics.time_constant is not None:
                result["time_constant"] = statistics.time_constant
        return result

    def channels(self, *, level: float = 0.95) -> xr.Dataset:
        """What reaches the state from each channel of the input: the columns of the mean gradient.

        For inputs of a few channels, of which each means something, and whose subspaces say little: in fewer than 6 dimensions
        every direction lies near a subspace of a few by chance.

        Args:
            level: nominal coverage of the intervals.

        Returns:
            Per group, delay and channel (dimension embedding) `column_norm` = ‖Ḡ_τ e_i‖, the change of the state per unit change of
            the channel, with bias, interval and floor as in `memory`; and its `share` of ‖Ḡ_τ‖²_F.

        Raises:
            InvalidInputError: a whitened result, in whose space channels are mixed.

        >>> import torch, stategrad as sg
        >>> result = sg.state_gradients(torch.nn.LSTM(3, 5), torch.randn(40, 3), delays=4, show_progress=False)
        >>> result.channels()["column_norm"].sizes
        Frozen({'group': 1, 'delay': 4, 'embedding': 3})
        """
        if self.whitening is not None:
            raise InvalidInputError(
                f"this result has units {self.units}, in whose space the channels of the input are mixed; take the channels of the "
                "one that it was made from."
            )
        columns = channel_columns(self._arrays, level=level)
        labelled = {name: (("embedding",), values) for name, values in columns.items()}
        return self._dataset(labelled, embedding=np.arange(self.mean.sizes["embedding"]))

    def compare_groups(self, groups: Sequence[str] | None = None, *, delay: int = 0, level: float = 0.95) -> pd.DataFrame:
        """Which groups are remembered better at a delay: the differences of `σ_1` and of the rms between all pairs of them.

        Groups of one text share its blocks, so that these intervals are narrower than two intervals side by side suggest, and
        sup-t bands over all pairs of a measure, so that an order may be read from them: it holds where `low` and `high` have one
        sign, by both measures. No interval where one of the two is not detected, or with fewer than 6 blocks.

        Args:
            groups: which; default: all but `"all"`.
            delay: at which.
            level: of the intervals of a measure together.

        Returns:
            A row per measure (`sigma_1`, and `rms` where second moments were kept) and pair: `group`, `other`, `difference` =
            group less other, `low`, `high`.

        Raises:
            InvalidInputError: an unknown group or delay, fewer than two groups, a result with conditions; choose one by `sel`.
        """
        names = self._several(groups)
        return group_differences(self.sel(group=names, delay=delay)._arrays.at_delay(0), names, level=level)

    def share_groups(self, groups: Sequence[str] | None = None, *, delay: int = 0, level: float = 0.95) -> pd.DataFrame:
        """`σ_1` of each group divided by its sum over the groups: what the paper's Table 1 has in brackets.

        Args:
            groups: which; default: all but `"all"`.
            delay: at which.
            level: of the intervals, each for itself.

        Returns:
            A row per group: `group`, `share`, `share_debiased`, `share_low`, `share_high`; no debiased share and no interval where
            one of the groups is not detected, or with fewer than 6 blocks.

        Raises:
            InvalidInputError: as `compare_groups`.
        """
        names = self._several(groups)
        return group_shares(self.sel(group=names, delay=delay)._arrays.at_delay(0), names, level=level)

    def _several(self, groups: Sequence[str] | None) -> list[str]:
        names = [label for label in self.groups if label != "all"] if groups is None else list(groups)
        if len(names) < 2 or len(self._cases) > 2:
            received = f"{len(names)} groups" if len(names) < 2 else f"the dimensions {', '.join(self._cases)}"
            raise InvalidInputError(f"a comparison needs two groups or more and no conditions, and has {received}.")
        return names

    def name_directions(
        self, n: int = 3, words: int = 8, *, delays: Sequence[int] | int | None = None, least_count: int = 5
    ) -> pd.DataFrame:
        """What the n best-remembered directions are: the words at their ends, and what their scores of words go along with.

        A direction that another text would not show again has no words: `sg.measures.split_half_stability` has the rule.
        `<unk>` and rare types are left out.

        Args:
            n: how many directions of each mean gradient.
            words: how many at each end.
            delays: which; default: those of 0, 1 and 5 that were measured.
            least_count: types that occur fewer times are left out, where the embeddings have frequencies.

        Returns:
            A row per group (and condition), delay and `mode`: `sigma` and its share of Σσ; `stability`, and that of the `set` of
            modes that no gap of 5 % parts from it; `named`; words at the `positive` and the `negative` end, outermost first;
            `log_frequency`, the correlation of the scores with it, never negative; `class`, the one that the scores correlate with
            best when log frequency is taken out, with `class_correlation` and `class_partial`; what 95 % of random directions
            stay below, `…_chance`; and `correlation …` and `partial …` of every class of the embeddings.

        Raises:
            InvalidInputError: no embeddings, an unknown delay, numbers out of range, fewer than 10 words that are frequent enough.

        Source: Verwimp et al. 2018, equation 1, for the directions; Haufe et al., NeuroImage 87, 2014, for pattern and read-out.
        """
        return names_of_directions(self, n, words, delays, least_count)

    def leading_directions(self, n: int = 3, *, delays: Sequence[int] | int | None = None, least_count: int = 5) -> xr.Dataset:
        """The vectors that `name_directions` names.

        Args:
            n: how many of each mean gradient.
            delays: which; default: those of 0, 1 and 5 that were measured.
            least_count: the types that decide the sign, as in `name_directions`.

        Returns:
            Per group and delay `singular_values`, `stability` and `named` (mode), the `image` u_i (state, mode), and in the
            original embedding space `pattern`, the input that excites the direction, and `readout`, which scores words; both
            are v_i, but `D v_i` and `D⁻ᵀ v_i` in the whitened convention.

        Raises:
            InvalidInputError: an unknown delay, an n out of range.
        """
        return leading_directions(self, n, delays, least_count)

    @classmethod
    def merge(cls, results: Sequence[StateGradients]) -> StateGradients:
        """More positions of one analysis: results of parts of a text, or of several texts, as one.

        Parts of one text (`where`) share its blocks, and the sums of equal blocks add up: the result is that of one analysis of all
        these positions. Other texts bring blocks of their own, behind those that are there. Every result weighs as many positions
        as it stands for, however many of them were drawn.

        Args:
            results: of `state_gradients` or of `merge`, of one model and one state, with the same groups, delays, conditions and
                precision. Embeddings are those of the first. Whiten or scale what comes out, not what goes in.

        Raises:
            InvalidInputError: other models, other settings, other blocks of the same text, or positions that two of them share.

        >>> import torch, stategrad as sg
        >>> model, x, first = torch.nn.LSTM(3, 5), torch.randn(90, 3), torch.arange(90) < 40
        >>> halves = [sg.state_gradients(model, x, where=part, delays=4, show_progress=False) for part in (first, ~first)]
        >>> int(sg.StateGradients.merge(halves).count.sel(group="all", delay=0))
        90
        """
        return cls(**merged_fields(results))

    def estimate(self, f: Callable[[np.ndarray], float], *, level: float = 0.95) -> xr.Dataset:
        """Any statistic of a mean gradient, with what the blocks say about it.

        Args:
            f: takes a mean gradient (H, E) and returns a number.
            level: nominal coverage of the interval.

        Returns:
            Per group and delay `plain`, `debiased`, `low` and `high` (the jackknife over blocks), and `floor`, the mean of `f` over
            what a mean of nothing looks like. Sound for smooth statistics of a clear signal; see docs/calibration.md.

        >>> import torch, stategrad as sg
        >>> result = sg.state_gradients(torch.nn.LSTM(3, 5), torch.randn(40, 3), delays=4, show_progress=False)
        >>> sorted(result.estimate(lambda G: float(abs(G).max())))
        ['debiased', 'floor', 'high', 'low', 'plain']
        """
        if not callable(f):
            raise InvalidInputError(f"the statistic is {f!r}; give a function of a mean gradient, such as lambda G: abs(G).max().")
        columns = statistic_columns(self._arrays, f, level=level)
        return self._dataset({name: ((), column) for name, column in columns.items()})

    def whiten(self, embeddings: Embeddings | Float[np.ndarray, "word embedding"] | None = None) -> StateGradients:
        """The same analysis in whitened embedding space, the convention `csl2020`: `Ḡ D` with `D Dᵀ` the covariance.

        `track` on the result takes properties of the original space and applies `D⁻¹` itself.

        Args:
            embeddings: whose covariance, over word types; default: those of the result.

        Raises:
            InvalidInputError: no embeddings, a result that is whitened already, or a covariance that cannot be inverted.
        """
        return whitened(self, embeddings)

    def scale(
        self,
        statistics: StateStatistics,
        embeddings: Embeddings | None = None,
        *,
        over: Literal["types", "tokens"] = "types",
    ) -> StateGradients:
        """The same analysis in units `sd`: `S_d^{-1/2} Ḡ C^{1/2}`, standard deviations of the state's units per one of the inputs.

        With `S_d` the variance of each unit over the text and C the covariance of the embeddings: the same for every way to
        write one model, `x → a x, W → W/a` or another scale of a linear unit, so that models can be compared. `track` takes
        properties of the original space. Second moments are dropped: of `E[GᵀG]` the part of each unit cannot be told.

        Args:
            statistics: of the same state, by `describe_states`, over the text of this result.
            embeddings: of the inputs; default: those of the result.
            over: the covariance of word types, or of tokens, types by their frequency.

        Raises:
            InvalidInputError: statistics of another state, units that never change, no embeddings, no frequencies for tokens, a
                result that is whitened or scaled already, or a covariance that cannot be inverted.
        """
        return scaled(self, statistics, embeddings, over=over)

    @property
    def units(self) -> str:
        """`paper2018` (as computed), `csl2020` (whitened) or `sd` (whitened, and in standard deviations of the state)."""
        return "paper2018" if self.whitening is None else "csl2020" if self.state_sd is None else "sd"

    def methods(self) -> str:
        """The paragraph that a paper's methods section needs, with this result's figures and what its intervals leave out."""
        return methods_of(self)

    def bibtex(self) -> str:
        """The references of `methods`, as BibTeX."""
        return references_of(self)

    def to_dataframe(self) -> pd.DataFrame:
        """The memory curves as a tidy table: a row per group and delay, a column per measure."""
        return self.memory().to_dataframe().reset_index()

    def save(self, path: str | Path, *, block_dtype: str = "float32") -> None:
        """Write the result to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
            block_dtype: precision of the blocks, by far the largest part; the means are always float64.
        """
        storage.save(self, Path(path), block_dtype)

    @classmethod
    def load(cls, path: str | Path) -> StateGradients:
        """Read a result that `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        return cls(**storage.load(Path(path)))

    def __repr__(self) -> str:
        sizes = self.mean.sizes
        state = json.loads(self.provenance)["state"]
        sigma_1 = self._arrays.decomposed[1][0].reshape(-1, len(self.delays), min(sizes["state"], sizes["embedding"]))[0, :, 0]
        positions, population = (int(n.values[0].flat[0]) for n in (self.count, self.population))
        lines = [
            f"StateGradients of the {state['name']} state, layer {state['layer']}"
            + (f", units {self.units}" if self.units != "paper2018" else ""),
            f"  gradients  {sizes['state']} × {sizes['embedding']} (state × embedding)",
            f"  positions  {positions:,} of {population:,} in {len(self.block_count['block'])} blocks",
            f"  delays     {', '.join(map(str, self.delays)) if len(self.delays) < 6 else f'{self.delays[0]} … {self.delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
            f"  σ_1 (all)  {sigma_1[0]:.3g} at delay {self.delays[0]}, {sigma_1[-1]:.3g} at delay {self.delays[-1]}",
        ]
        return "\n".join(lines)

    def __eq__(self, other: Any) -> bool:
        """Equal means, counts and provenance."""
        if not isinstance(other, StateGradients):
            return NotImplemented
        same = self.mean.equals(other.mean) and self.count.equals(other.count)
        return bool(same and self.provenance == other.provenance)

    __hash__ = None  # type: ignore[assignment]
