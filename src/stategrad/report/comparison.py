"""Several runs side by side: what may be compared between them as one tidy table, and what may not, in sentences."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from stategrad.errors import InvalidInputError, Problems, suggestion
from stategrad.published import check_pair_claims
from stategrad.published.follow_up_runs import check_follow_up_runs
from stategrad.published.measured import is_whitened
from stategrad.report.inputs import RunTables, read_run
from stategrad.report.paper import CLAIM_TABLES, on_claims
from stategrad.report.seed_bands import on_seeds, recipes_of, seed_bands

MEASURES = {
    "sigma_1": "largest singular value σ₁ of the mean",
    "rms": "root mean square of the gradients",
    "swap": "change of the state by a word swap",
}
"""The curves that are compared, each relative to its value at delay 0."""

SELECTIVITY = {"selectivity": "selectivity σ₁/Σσ of the mean"}
"""The curve that has no unit, and is compared as it is."""

LEVELS = {"1/e": float(np.exp(-1)), "10 %": 0.1}
"""The shares of the value at delay 0 at which a horizon is read."""

COLUMNS = ["run", "quantity", "label", "delay", "value", "low", "high", "beyond"]
FACTS = ("perplexity_valid", "perplexity_test", "perplexity_unigram", "corpus", "text", "positions", "population", "blocks", "cell",
         "embedding_size", "hidden_size", "layers", "parameters", "epochs", "seeds", "delays")  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        labels: of the runs, in the order given.
        table: tidy, a row per run, quantity (`σ_1`, rms and swap relative to delay 0, selectivity, horizons, class shares,
            relative memory of properties), label (measure and level, class or property) and delay, with its interval; `beyond`
            where a horizon lies beyond the delays, its value then their last.
        settings: what differs, a row per setting or fact and a column per run.
        withheld: what is not compared, a sentence each.
        findings: where runs differ from the first beyond their bands, a sentence each.
        group: of the positions whose curves and horizons these are.
        states: by run the state that is shown.
        seeds: of runs that differ in nothing but seeds the mean and the lowest and highest value, in rows as those of `table` whose
            `run` is the recipe; empty where there are none.
        on_seeds: how far seeds spread, a sentence each.
        follow_up: what the 2020 follow-up says of texts and their sizes, and whether it holds between these runs; without rows
            where they do not differ so, or for words of one group.
        claims: what the paper says of its two models beside each other, where one run has embeddings that were trained with the
            model and one pre-trained ones, of one corpus; else without rows.
    """

    labels: tuple[str, ...]
    table: pd.DataFrame
    settings: pd.DataFrame
    withheld: tuple[str, ...]
    findings: tuple[str, ...]
    group: str
    states: dict[str, str]
    seeds: pd.DataFrame
    on_seeds: tuple[str, ...]
    follow_up: pd.DataFrame
    claims: pd.DataFrame

    def of(self, quantity: str) -> pd.DataFrame:
        """The rows of one quantity."""
        return self.table[self.table["quantity"] == quantity]


def compare_runs(
    folders: Sequence[Path], labels: Sequence[str] = (), *, state: str | None = None, group: str = "all"
) -> Comparison:  # fmt: skip
    """Set runs side by side by what does not depend on the units of their spaces: `σ_1(τ)/σ_1(0)` and its kin, shares, horizons.

    Args:
        folders: of two or more runs.
        labels: one per run; default: the names of the folders, made unique by those above them.
        state: which state is compared; default: the one each run's page opens with.
        group: of which positions curves and horizons are compared, such as a word class.

    Raises:
        MissingInputError: a folder that holds no run, or no measures.
        InvalidInputError: fewer than two runs, a run given twice, labels that do not fit, or a state or group that a run lacks.
    """
    paths = [Path(folder).resolve() for folder in folders]
    if len(paths) < 2:
        raise InvalidInputError(f"{len(paths)} run was given; a comparison takes two or more run folders.")
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise InvalidInputError(f"the run {twice} is given twice; give each run once.")
    names = _checked(labels, len(paths)) if labels else unique_names(paths)
    runs = dict(zip(names, map(read_run, paths), strict=True))
    withheld = [
        "Absolute values are not compared: each model has its own spaces of embeddings and states, whose units are its own."
    ]
    _check_shown(runs, state, group)
    states = {name: state or run.states[0] for name, run in runs.items() if run.states}
    whole = runs
    runs = {name: _of_group(run, group, rule) for rule in [_rule(runs, group)] for name, run in runs.items()}
    if len(set(states.values())) > 1:
        listed = ", ".join(f"{state} in {name}" for name, state in states.items())
        withheld.append(f"The states differ in kind ({listed}); their curves are drawn together and show different variables.")
    parts = [
        *_curves(runs, states, withheld, group),
        *_horizons(runs, states, withheld, group),
        *_shared(runs, states, "class share", withheld),
        *_shared(runs, states, "relative memory", withheld),
    ]
    table = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    settings = {name: _flat("", yaml.safe_load(run.settings) or {}) for name, run in runs.items()}
    recipes = recipes_of(settings)
    follow_up = check_follow_up_runs(table, settings, whitened=all(is_whitened(run.memory) for run in runs.values()))
    bands = seed_bands(table, recipes)
    return Comparison(
        tuple(names), table, _differing(runs), tuple(withheld), tuple(_findings(table, names)),
        group=group, states=states, seeds=bands, on_seeds=tuple(on_seeds(bands, recipes, MEASURES)),
        follow_up=follow_up if group == "all" else follow_up[:0],
        claims=_claims(whole, states),
    )  # fmt: skip


def other_views(comparison: Comparison, folders: Sequence[Path]) -> tuple[Comparison, ...]:
    """The comparison of the same runs by every other state and group that all of them have.

    Args:
        comparison: of the runs.
        folders: of the runs, in its order.

    Returns:
        A comparison for each; a group that the runs give to words by different rules is left out.
    """
    runs = [read_run(Path(folder)) for folder in folders]
    common: list[str | None] = [state for state in runs[0].states if all(state in run.states for run in runs)]
    kinds = list(dict.fromkeys(comparison.states.values()))
    own = kinds[0] if len(kinds) == 1 else None  # of runs that open with states of different kinds None is all of these
    groups = [group for group in dict.fromkeys(runs[0].memory["group"]) if all(group in set(run.memory["group"]) for run in runs)]
    views = []
    for state in dict.fromkeys([own, *common]):
        for group in groups:
            if (state, group) != (own, comparison.group):
                with contextlib.suppress(InvalidInputError):
                    views.append(compare_runs(folders, comparison.labels, state=state, group=group))
    return tuple(views)


def unique_names(paths: Sequence[Path]) -> list[str]:
    """The last parts of paths, as few as tell all of them apart.

    >>> unique_names([Path("/a/x/run"), Path("/a/y/run")])
    ['x/run', 'y/run']
    """
    for count in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-count:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def _checked(labels: Sequence[str], count: int) -> list[str]:
    if len(labels) != count or len(set(labels)) != count:
        raise InvalidInputError(f"the labels are {', '.join(labels)}; give {count} different ones, one for each run.")
    return list(labels)


def _check_shown(runs: dict[str, RunTables], state: str | None, group: str) -> None:
    """Refuse a state or a group that a run lacks, all together."""
    problems = Problems("what is compared")
    for name, run in runs.items():
        if state is not None and state not in run.states:
            problems.add(f"{name} has no state '{state}': {suggestion(state, run.states)}")
        groups = list(dict.fromkeys(run.memory["group"]))
        if group not in groups:
            problems.add(f"{name} has no group '{group}': {suggestion(group, groups)}")
    problems.raise_if_any()


def _rule(runs: dict[str, RunTables], group: str) -> str:
    """The rule by which words belong to the group, the first that all runs have."""
    rules = [list(dict.fromkeys(run.memory.loc[run.memory["group"] == group, "rule"].astype(str))) for run in runs.values()]
    common = [rule for rule in rules[0] if all(rule in others for others in rules)]
    if not common:
        raise InvalidInputError(f"the runs give words to '{group}' by different rules; compare the group all.")
    return common[0]


def _of_group(run: RunTables, group: str, rule: str) -> RunTables:
    """The run with the curves and horizons of one group."""

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame[frame["group"] == group]
        return rows[rows["rule"].astype(str) == rule] if "rule" in rows else rows

    return dataclasses.replace(run, memory=kept(run.memory), horizon=None if run.horizon is None else kept(run.horizon))


def _curves(
    runs: dict[str, RunTables], states: dict[str, str], withheld: list[str], group: str
) -> list[pd.DataFrame]:  # fmt: skip
    """Curves relative to delay 0 at the delays that all runs have."""
    curves = {}
    for name, run in runs.items():
        plain = run.memory[run.memory["group"] == group]
        rows = plain[plain["state"] == states.get(name)].set_index("delay")
        if 0 in rows.index:
            curves[name] = rows
        else:
            withheld.append(f"{name} has no memory curve of the group {group} from delay 0 on; its curves are not drawn.")
    if not curves:
        return []
    spaces = {name: bool(rows["whitened"].astype(bool).all()) for name, rows in curves.items()}
    if len(set(spaces.values())) > 1:
        listed = ", ".join(name for name, whitened in spaces.items() if whitened)
        withheld.append(f"The curves and classes of {listed} are in whitened embedding space, those of the others are not.")
    common = sorted(set.intersection(*(set(rows.index) for rows in curves.values())))
    if any(len(rows) > len(common) for rows in curves.values()):
        withheld.append(f"The runs were measured at different delays; curves are drawn at the {len(common)} that all have.")
    parts = []
    for measure, title in (MEASURES | SELECTIVITY).items():
        lacking = [name for name, rows in curves.items() if measure not in rows or not rows[measure].notna().any()]
        withheld += [f"{name} has no {title}; that curve is not drawn." for name in lacking]
        for name in (name for name in curves if name not in lacking):
            rows = curves[name].loc[common]
            band = {
                end: next((c for c in (f"{measure}_band_{end}", f"{measure}_{end}") if c in rows), None) for end in ("low", "high")
            }
            first = rows[measure].loc[0] if measure in MEASURES else 1.0
            ends = {end: np.nan if column is None else rows[column] / first for end, column in band.items()}
            part = pd.DataFrame({"delay": rows.index, "value": rows[measure] / first, **ends}, index=rows.index)
            parts.append(part.assign(run=name, quantity=measure, label=group, beyond=False))
    return parts


def _horizons(
    runs: dict[str, RunTables], states: dict[str, str], withheld: list[str], group: str
) -> list[pd.DataFrame]:  # fmt: skip
    parts = []
    for name, run in runs.items():
        if run.horizon is None:
            withheld.append(f"{name} has no horizons, so none are drawn for it; the command analyze takes them.")
            continue
        rows = run.horizon[(run.horizon["state"] == states.get(name)) & (run.horizon["group"] == group)]
        for level, share in LEVELS.items():
            here = rows[np.isclose(rows["level"], share)]
            beyond = here["horizon"].isna()
            value = here["horizon"].fillna(here["longest"]) if "longest" in here else here["horizon"]
            low, high = (here.get(f"horizon_{end}", pd.Series(np.nan, here.index)) for end in ("low", "high"))
            parts.append(pd.DataFrame(
                {"run": name, "quantity": "horizon", "label": here["measure"] + f", {level}", "delay": np.nan, "value": value,
                 "low": low, "high": high, "beyond": beyond}
            ))  # fmt: skip
    return parts


def _shared(runs: dict[str, RunTables], states: dict[str, str], quantity: str, withheld: list[str]) -> list[pd.DataFrame]:
    """Shares of classes, or relative memory of properties, where all runs have the same ones by the same rule."""
    shares = quantity == "class share"
    label, value = ("group", "normalised") if shares else ("property", "relative_memory")
    frames = {}
    for name, run in runs.items():
        frame = run.classes if shares else run.tracking
        plain = frame[frame["state"] == states.get(name)]
        if shares:
            plain = plain[plain["group"] != "all"]
        else:
            plain = plain[(plain["group"] == "all") & (plain["n"] == plain["n"].min()) & ~plain["whitened"].astype(bool)]
        frames[name] = plain[plain[value].notna()]
    if any(frame.empty for frame in frames.values()):
        lacking = ", ".join(name for name, frame in frames.items() if frame.empty)
        withheld.append(f"The {quantity} is not compared, since it is not there in {lacking}.")
        return []
    rules = set.intersection(*(set(frame["rule"]) for frame in frames.values()))
    if not rules:
        withheld.append(f"The {quantity} is not compared, since the runs give classes to words by different rules.")
        return []
    rule = next(rule for rule in next(iter(frames.values()))["rule"] if rule in rules)
    frames = {name: frame[frame["rule"] == rule] for name, frame in frames.items()}
    listed = {name: set(frame[label]) for name, frame in frames.items()}
    common = set.intersection(*listed.values())
    if shares and any(one != common for one in listed.values()):
        withheld.append("Class shares are not compared: they are shares of a sum over the listed classes, and the lists differ.")
        return []
    others = set.union(*listed.values()) - common
    if others:
        withheld.append(f"Not every run has the properties {', '.join(sorted(others))}; they are not drawn.")
    parts = []
    delays = [set() if shares else set(frame["delay"]) for frame in frames.values()]
    for name, frame in frames.items():
        rows = frame[frame[label].isin(common)]
        rows = rows if shares else rows[rows["delay"].isin(set.intersection(*delays))]
        parts.append(pd.DataFrame(
            {"run": name, "quantity": quantity, "label": rows[label], "delay": 0 if shares else rows["delay"], "value": rows[value],
             "low": rows[f"{value}_low"], "high": rows[f"{value}_high"], "beyond": False}
        ))  # fmt: skip
    return parts


def _claims(runs: dict[str, RunTables], states: dict[str, str]) -> pd.DataFrame:
    """The paper's claims about its two models, for the one pair of runs that stand to each other as these do."""
    kinds = {name: str(run.facts.get("embeddings") or "joint") for name, run in runs.items()}
    pair = [[name for name in runs if kinds[name] == kind] for kind in ("joint", "pre-trained")]
    if len(runs) != 2 or [len(names) for names in pair] != [1, 1]:
        return on_claims(check_pair_claims({}, {})).iloc[:0]
    joint, pretrained = (runs[names[0]] for names in pair)
    if joint.facts.get("corpus") != pretrained.facts.get("corpus") or len(set(states.values())) != 1:
        return on_claims(check_pair_claims({}, {})).iloc[:0]
    first, other = ({name: getattr(run, name) for name in CLAIM_TABLES} for run in (joint, pretrained))
    return on_claims(check_pair_claims(first, other, state=next(iter(states.values()))))


def _differing(runs: dict[str, RunTables]) -> pd.DataFrame:
    """The settings that differ, and what was found of sizes, text and perplexity."""
    settings = {name: _flat("", yaml.safe_load(run.settings) or {}) for name, run in runs.items()}
    facts = {name: {f"measured: {key}": run.facts[key] for key in FACTS if key in run.facts} for name, run in runs.items()}
    frame = pd.DataFrame({name: {key: _text(value) for key, value in (settings[name] | facts[name]).items()} for name in runs})
    frame = frame.reindex(list(dict.fromkeys(key for name in runs for key in (*settings[name], *facts[name])))).fillna("–")
    return frame[frame.nunique(axis=1) > 1]


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {name: one for key, below in value.items() for name, one in _flat(f"{prefix}.{key}".lstrip("."), below).items()}


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def _findings(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """For each curve and each run but the first, the delays at which its band and that of the first do not meet."""
    sentences = []
    for measure, title in (MEASURES | SELECTIVITY).items():
        rows = {name: table[(table["quantity"] == measure) & (table["run"] == name)].set_index("delay") for name in names}
        first = rows[names[0]]
        for name in names[1:]:
            pairs = first.merge(rows[name], left_index=True, right_index=True, suffixes=("", "_other")).dropna(
                subset=["low", "low_other"]
            )
            pairs = pairs[pairs.index > 0] if measure in MEASURES else pairs  # relative curves are all 1 there
            if pairs.empty:
                continue
            above = [int(delay) for delay in pairs.index[pairs["low_other"] > pairs["high"]]]
            below = [int(delay) for delay in pairs.index[pairs["high_other"] < pairs["low"]]]
            said = [f"{way} at {_places(at)}" for way, at in (("above", above), ("below", below)) if at]
            where = f"{' and '.join(said)}, clear of" if said else "nowhere clear of"
            sentences.append(f"{title[0].upper()}{title[1:]}: the band of {name} lies {where} that of {names[0]}.")
    return sentences


def _places(delays: Sequence[int]) -> str:
    """Delays in words, runs of them as ranges."""
    breaks = [0, *(i for i in range(1, len(delays)) if delays[i] != delays[i - 1] + 1), len(delays)]
    ranges = [(delays[a], delays[b - 1]) for a, b in pairwise(breaks)]
    return "delays " + ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges)
