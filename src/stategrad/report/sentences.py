"""What each figure and table shows, in a few plain sentences with the numbers of this run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stategrad.report.marks import RULES

NEAR_FLOOR = 2.0
"""A curve below this many times its noise floor is mostly noise, and nothing is said of it."""


def on_memory(memory: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """How fast `σ_1` falls, how selective memory becomes, and how far `σ_1` stays above its noise floor.

    Args:
        memory: the rows of one state and the group `all`.
        facts: of the run.
    """
    curve = memory.set_index("delay").sort_index()
    if curve.empty:
        return []
    first, last = int(curve.index[0]), int(curve.index[-1])
    crossings = f"; {_crossings(curve['sigma_1'])}" if last > first else ""
    said = [
        f"The largest singular value of the mean gradient is {curve.loc[first, 'sigma_1']:.2f}{_interval(curve.loc[first])} "
        f"at delay {first}{crossings}."
    ]
    said += _on_detection(curve)
    floor = curve["sigma_1_floor"] if "sigma_1_floor" in curve else pd.Series(float("nan"), curve.index)
    noisy = curve.index[curve["sigma_1"] < NEAR_FLOOR * floor]
    clear = curve if noisy.empty else curve[curve.index < noisy[0]]
    if len(clear) > 1:
        until = int(clear.index[-1])
        shares = clear["sigma_1"] / clear["sigma_sum"]
        trend = "more selective" if shares.iloc[-1] > shares.iloc[0] else "less selective"
        said.append(
            f"Its share of the sum of all singular values goes from {_percent(shares.iloc[0])} at delay {first} to "
            f"{_percent(shares.iloc[-1])} at delay {until}: memory becomes {trend} with delay."
        )
    if len(noisy):
        said.append(f"From delay {int(noisy[0])} on it is not everywhere twice its noise floor: do not read the curve beyond.")
    elif floor.loc[last] > 0:
        said.append(f"At delay {last} it is {curve.loc[last, 'sigma_1'] / floor.loc[last]:.1f} times its noise floor.")
    steps = facts.get("backpropagation_steps")
    if steps is not None and steps > last:
        said.append(f"Training propagated errors back over {steps} words, further than the delays shown.")
    return said


def _on_detection(curve: pd.DataFrame) -> list[str]:
    """Up to which delay the blocks of the text agree on any memory."""
    if "detected" not in curve or curve["p_value"].isna().all():
        return []
    detected = curve["detected"].astype(bool)
    if detected.all():
        return ["Memory is detected at every delay: the blocks of the text agree (sign flips, 5 %)."]
    lost = int(curve.index[~detected][0])
    return [f"Memory is not detected at delay {lost} (sign flips over blocks, 5 %): where it is not, σ₁ is an upper bound."]


def _interval(row: pd.Series) -> str:
    low, high = row.get("sigma_1_low"), row.get("sigma_1_high")
    return "" if low is None or pd.isna(low) else f" (95 % interval {low:.2f} to {high:.2f})"


def on_rms(memory: pd.DataFrame) -> list[str]:
    """How much more of the gradients is left in their root mean square than in their mean.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    if curve.empty or curve["rms"].isna().all():
        return []
    first = int(curve.index[0])
    later = _near(curve.index, 5)
    said = []
    if later > first:
        measures = [name for name in ("sigma_1", "rms", "swap") if name in curve]
        kept = curve.loc[later, measures] / curve.loc[first, measures]
        said.append(
            f"At delay {later} the mean gradient keeps {_percent(kept['sigma_1'])} of its value at delay {first}, the root mean "
            f"square {_percent(kept['rms'])}: gradients of different sign cancel in the mean and cannot in the root mean square."
        )
        if pd.notna(kept.get("swap")):
            said.append(
                f"Replacing the word by another moves the state by {_percent(kept['swap'])} of what it does at delay {first}."
            )
    return said


def on_energy(memory: pd.DataFrame) -> list[str]:
    """How much of the gradients, and of what a swap does, the mean stands for.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    first, later = int(curve.index[0]), _near(curve.index, 5)
    said = []
    share = curve["energy_share"]
    if share.notna().all():
        held = {first: f"{_percent(share.loc[first])} of the energy of the gradients at delay {first}"}
        held[later] = held.get(later, f"{_percent(share.loc[later])} at delay {later}")
        said.append(
            f"The mean holds {' and '.join(held.values())}; the rest is what differs from word to word, which the mean says "
            "nothing about."
        )
    validity = curve.get("validity")
    if validity is not None and validity.loc[[first, later]].notna().all():
        shares = {delay: validity.loc[delay] for delay in (first, later)}
        explained = [f"{_percent(share) if share > 0 else 'nothing'} at delay {delay}" for delay, share in shares.items()]
        said.append(f"Of what a real word swap does to the state, the mean gradient explains {' and '.join(explained)}.")
    return said


def on_horizon(horizon: pd.DataFrame) -> list[str]:
    """After how many words each measure has fallen below 1/e of its value at delay 0, with intervals.

    Args:
        horizon: the rows of one state and the group `all`.
    """
    names = {"mean": "the mean", "rms": "the root mean square", "swap": "swaps"}
    rows = horizon[np.isclose(horizon["level"], math.exp(-1))]
    parts = []
    for row in rows.itertuples():
        if pd.isna(row.horizon):
            reach = f"not within {int(row.longest)}"
        else:
            ends = [f"{end:.1f}" if pd.notna(end) else f"over {int(row.longest)}" for end in (row.horizon_low, row.horizon_high)]
            known = pd.notna(row.horizon_low) or pd.notna(row.horizon_high)
            reach = f"{row.horizon:.1f}" + (f" ({ends[0]} to {ends[1]})" if known else "")
        parts.append(f"{reach} by {names.get(row.measure, row.measure)}")
    if not parts or (horizon["longest"] == 0).all():
        return []
    said = "The horizon, the delay where a measure falls below 1/e of its value at delay 0, is"
    return [f"{said} {', '.join(parts)} (95 % intervals)."]


def on_divergence(memory: pd.DataFrame) -> list[str]:
    """How far a swap moves the next word's distribution, in nats.

    Args:
        memory: the rows of the group `all`.
    """
    curve = memory[memory["divergence"].notna()].drop_duplicates("delay").set_index("delay")["divergence"].sort_index()
    if curve.empty:
        return []
    delays = list(dict.fromkeys([int(curve.index[0]), _near(curve.index, 5), _near(curve.index, 10), int(curve.index[-1])]))
    values = [f"{_amount(curve[delay])} at delay {delay}" for delay in delays]
    return [
        "A state may keep a word of which nothing is made. Here one word is replaced by another, and the distribution of the next "
        "word compared with what it was: the Kullback–Leibler divergence in nats, 0 where the prediction does not care.",
        f"It is {', '.join(values)}.",
    ]


def on_decay(decay: pd.DataFrame) -> list[str]:
    """By which law `σ_1` decays, and how a single exponential does.

    Args:
        decay: the rows of one state and the group `all`.
    """
    laws = decay[decay["measure"] == "mean"].set_index("law")
    if laws.empty:
        return []
    chosen = laws[laws["preferred"].astype(bool)].iloc[0]
    shapes = {
        "exponential": "exponentially, with a time constant of {time:.1f} words",
        "power": "as a power of the delay, (τ + 1) to the −{exponent:.2f} ({exponent_low:.2f} to {exponent_high:.2f})",
        "stretched": "as a stretched exponential, of exponent {exponent:.2f} ({exponent_low:.2f} to {exponent_high:.2f})",
        "two exponentials": "as the sum of two exponentials, with time constants of {time:.1f} and {time_2:.1f} words",
    }
    said = [f"Judged on blocks that the fit has not seen, σ₁ decays {shapes[str(chosen.name)].format(**chosen)}"]
    if chosen["score"] > POOR_FIT:
        said.append(
            f"the best of four laws, of which none holds: it misses by {math.sqrt(chosen['score']):.1f} times what blocks scatter"
        )
    if chosen.name != "exponential" and laws.loc["exponential", "difference_low"] > 0:
        times = math.sqrt(laws.loc["exponential", "score"] / chosen["score"])
        said.append(f"a single exponential misses by {times:.1f} times as much")
    return ["; ".join(said) + "."]


def on_units(units: pd.DataFrame) -> list[str]:
    """How the horizons of single units go with the time constants of their gates.

    Args:
        units: the rows of one state.
    """
    known = units[units["horizon"].notna() & units["time_constant"].notna()]
    if len(known) < 3:
        return []
    rank = known["horizon"].rank().corr(known["time_constant"].rank())
    half, most = known["horizon"].quantile([0.5, 0.95])
    unreached = int(units["horizon"].isna().sum())
    said = [
        "A dot is a unit of the state: the delay where its row of the mean gradient falls below 1/e, against what its forget or "
        "update gate alone would keep. On the dashed line both agree; below it the unit is overwritten, or its gradients cancel.",
        f"Half of the units forget within {half:.1f} words, 95 % within {most:.1f}; the rank correlation with the gates is "
        f"{_signed(rank)}.",
    ]
    if unreached:
        said.append(f"{unreached} of {len(units)} units do not fall below 1/e at the delays shown.")
    return said


def on_controls(memory: pd.DataFrame) -> list[str]:
    """What is left of `σ_1` in the untrained model and on shuffled text, where both were measured.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    names = {"sigma_1": "here", "sigma_1_untrained": "in the untrained model", "sigma_1_shuffled": "on shuffled text"}
    there = {name: label for name, label in names.items() if name in curve and curve[name].notna().all()}
    if len(there) < 2 or len(curve) < 2:
        return []
    first, later = int(curve.index[0]), _near(curve.index, 5)
    kept = [f"{_percent(curve.loc[later, name] / curve.loc[first, name])} {label}" for name, label in there.items()]
    return [f"At delay {later} σ₁ is {', '.join(kept[:-1])} and {kept[-1]}, of its own value at delay {first}."]


def on_boundaries(controls: pd.DataFrame) -> list[str]:
    """How much less is remembered across the end of a sentence.

    Args:
        controls: the rows `within` and `across` of one state.
    """
    values = controls.pivot(index="delay", columns="control", values="sigma_1").dropna()
    if values.empty or not {"within", "across"} <= set(values):
        return []
    near = _near(values.index, 10)
    within, across = values.loc[near, "within"], values.loc[near, "across"]
    return [
        f"At delay {near} σ₁ is {_amount(within)} where both words stand in one sentence and {_amount(across)} where a sentence "
        "ends between them. Short sentences have no pairs at long delays, and what is within a sentence there belongs to long ones."
    ]


def on_equal_counts(equal: pd.DataFrame) -> list[str]:
    """The order of the classes when each has equally many positions, beside words that have nothing in common.

    Args:
        equal: the rows of one state and rule.
    """
    any_words = equal["group"].str.startswith("any ")
    classes, nothing = equal[~any_words].sort_values("sigma_1", ascending=False, kind="stable"), equal[any_words]
    if classes.empty or nothing.empty:
        return []
    low, high = nothing["sigma_1"].min(), nothing["sigma_1"].max()
    above = list(classes.loc[classes["sigma_1"] > high, "group"])
    said = f"From {int(classes['count'].iloc[0]):,} positions each, in order: {', '.join(classes['group'])}."
    return [
        said,
        f"As many positions of any words give σ₁ from {low:.2f} to {high:.2f} (the grey band)"
        + (f"; above it lie {', '.join(above)}." if above else "; no class lies above it."),
    ]


def on_tracking(tracking: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """Which property is remembered better, and what a mean of nothing would show.

    Args:
        tracking: the rows of one state and convention.
        facts: of the run.
    """
    values = tracking.drop_duplicates(["property", "delay"]).pivot(index="delay", columns="property", values="relative_memory")
    if values.empty:
        return []
    first, names = int(values.index[0]), [str(name) for name in values.columns]
    listed = " and ".join(f"m = {values.loc[first, name]:.2f} for {name}" for name in names)
    said = [f"Relative to the direction that is remembered best, at delay {first} {listed}."]
    if len(names) == 2 and len(values) > 1:
        ahead = (values[names[0]] > values[names[1]]).iloc[1:]
        better = names[0] if ahead.mean() >= 0.5 else names[1]
        times = int(ahead.sum() if better == names[0] else len(ahead) - ahead.sum())
        said.append(f"Afterwards {better} has the larger m at {times} of {len(ahead)} delays.")
    said += [_on_chance(name, part) for name, part in tracking.groupby("property", sort=False) if _has_null(part)]
    if facts.get("property_cosine") is not None:
        said.append(f"The cosine between the two property vectors is {_signed(facts['property_cosine'])}.")
    state, embedding = facts.get("hidden_size"), facts.get("embedding_size")
    if state and embedding:
        noise = math.sqrt(state) / (math.sqrt(state) + math.sqrt(embedding))
        said.append(f"In pure noise m would tend to {noise:.2f}, so that a high m where σ₁ is near its noise floor says nothing.")
    if facts.get("not_whitened"):
        said.append(f"Nothing is shown in whitened space: {facts['not_whitened']}")
    return said


def _has_null(part: pd.DataFrame) -> bool:
    return "relative_memory_null_high" in part and bool(part["relative_memory_null_high"].notna().any())


def _on_chance(name: object, part: pd.DataFrame) -> str:
    """At how many delays a property lies outside what permuted labels give."""
    curve = part.drop_duplicates("delay")
    above = int((curve["relative_memory"] > curve["relative_memory_null_high"]).sum())
    below = int((curve["relative_memory"] < curve["relative_memory_null_low"]).sum())
    return (
        f"With its labels permuted among words of like frequency, {name} would lie in the band 95 % of the time; it lies above "
        f"it at {above} of {len(curve)} delays, below it at {below}."
    )


def on_classes(classes: pd.DataFrame, comparisons: pd.DataFrame | None = None) -> list[str]:
    """The order of the classes by `σ_1` and by rms under each rule, and whether a ranking can be claimed.

    Args:
        classes: the rows of one state.
        comparisons: the differences between its classes, None where they were not taken.
    """
    said = []
    several = classes["rule"].nunique() > 1
    for rule, part in classes.groupby("rule", sort=False):
        by_mean = list(part.sort_values("sigma_1", ascending=False, kind="stable")["group"])
        under = f" ({RULES.get(str(rule), str(rule))})" if several else ""
        said.append(f"By σ₁{under}: {', '.join(by_mean)}.")
        if part["rms"].notna().all():
            by_rms = list(part.sort_values("rms", ascending=False, kind="stable")["group"])
            said.append(
                "The root mean square gives the same order."
                if by_mean == by_rms
                else f"The root mean square gives another: {', '.join(by_rms)}."
            )
        said.append(_claimed(by_mean, None if comparisons is None else comparisons[comparisons["rule"] == rule]))
    if len(said) and classes["sigma_1_floor"].notna().any():
        said.append("Grey ticks: noise floor, which is higher for classes with fewer positions.")
    if "rank_limited" in classes and classes["rank_limited"].fillna(False).astype(bool).any():
        said.append("Hollow dots and *: fewer positions than dimensions of the embedding.")
    return said


def _claimed(order: Sequence[str], comparisons: pd.DataFrame | None) -> str:
    """Which classes are above which: those that differ by both measures in the same direction, by intervals that hold all pairs."""
    if comparisons is None or comparisons[["low", "high"]].isna().all(axis=None):
        return "Without intervals no ranking is claimed."
    above: dict[str, dict[str, set[str]]] = {measure: {name: set() for name in order} for measure in ("sigma_1", "rms")}
    for row in comparisons.itertuples():
        if row.low > 0:
            above[row.measure][row.group].add(row.other)
        elif row.high < 0:
            above[row.measure][row.other].add(row.group)
    both = {name: [other for other in order if other in above["sigma_1"][name] & above["rms"][name]] for name in order}
    claims = [f"{name} above {', '.join(below)}" for name, below in both.items() if below]
    if not claims:
        return "No class is above another by both measures with intervals for all pairs (95 %): no ranking is claimed."
    return f"By both measures, with intervals for all pairs (95 %): {'; '.join(claims)}. Nothing else of the order is claimed."


ON_MEMORIES = (
    "Each curve is relative to its first delay: the accuracy that the state gains over the words in between, σ₁ of the mean "
    "gradient, and the change of the state by a word swap. What a state depends on, and what a linear reader finds in it, are two "
    "things, and they end at different delays."
)


def on_decoding(decoding: pd.DataFrame, rule: str | None) -> list[str]:
    """Up to which delay a probe on the state finds more than the words in between tell.

    Args:
        decoding: the rows of one state.
        rule: by which words have classes, where that is known.
    """
    table = decoding.pivot_table(index="delay", columns="reader", values="accuracy").sort_index()
    gain = decoding[decoding["reader"] == "memory"].set_index("delay").sort_index()
    if "state" not in table or gain.empty:
        return []
    first, last = int(table.index[0]), int(table.index[-1])
    classes = f" ({RULES[rule]})" if rule in RULES else ""
    said = [
        f"A linear classifier reads the class{classes} of the word τ steps earlier from the state; the words that it is tested on "
        f"were not in its training. At delay {first} it is right for {_percent(table.loc[first, 'state'])} of the words, always "
        f"saying the most frequent class for {_percent(table.loc[first, 'majority'])}; at delay {last} for "
        f"{_percent(table.loc[last, 'state'])} and {_percent(table.loc[last, 'majority'])}.",
    ]
    above = gain.index[(gain["accuracy_low"] > 0).to_numpy()]
    if gain["accuracy_low"].notna().any():
        until = int(above.max()) if len(above) else None
        said.append(
            "More than the words in between tell is found at no delay, by intervals over seeds (95 %)."
            if until is None
            else f"More than the words in between tell is found up to delay {until}, by intervals over seeds (95 %)."
        )
    selectivity = decoding[(decoding["reader"] == "selectivity") & (decoding["delay"] == first)]
    if len(selectivity):
        said.append(
            f"With a random class for every word it would learn by heart {_percent(table.loc[first, 'control'])} at delay {first}, "
            f"{_percent(float(selectivity['accuracy'].iloc[0]))} less than for the true classes on the same words."
        )
    return said


def on_separability(separability: pd.DataFrame) -> list[str]:
    """Which classes a linear classifier tells apart best and worst, beside always saying the most frequent one."""
    scored = separability[separability["valid"].notna()]
    if scored.empty:
        return ["No row of the table could be trained; the last column says why."]
    said = ["Only where a linear classifier tells two classes apart does the difference of their means describe a property."]
    gain = scored["valid"] - scored["majority_valid"]
    if gain.notna().any():
        best, least = scored.loc[gain.idxmax()], scored.loc[gain.idxmin()]
        chosen = [best] if best["row"] == least["row"] else [best, least]
        words = [
            f"{row['row']} ({100 * row['valid']:.1f} % of the validation words, "
            f"{100 * row['majority_valid']:.1f} % by always saying the most frequent class)"
            for row in chosen
        ]
        said.append(f"The classifier gains most for {words[0]}" + (f", least for {words[1]}." if len(words) > 1 else "."))
    failed = int(scored["not_converged"].fillna(0).sum())
    if failed:
        said.append(f"{failed} fit{'s' * (failed > 1)} did not converge.")
    return said


POOR_FIT = 4
"""A score above it says that a law misses by more than twice what blocks scatter."""


def _crossings(curve: pd.Series) -> str:
    """After how many words a curve has fallen below 1/e and 10 % of its first value."""
    parts = []
    for name, level in (("1/e", math.exp(-1)), ("10 %", 0.1)):
        below = curve.index[curve < level * curve.iloc[0]]
        parts.append(
            f"below {name} of that at delay {int(below[0])}" if len(below) else f"not below {name} by delay {int(curve.index[-1])}"
        )
    return f"it is first {parts[0]}, and {parts[1]}" if parts[0].startswith("below") else f"it falls {parts[0]}, and {parts[1]}"


def _near(delays: pd.Index, wanted: int) -> int:
    return min((int(delay) for delay in delays), key=lambda delay: abs(delay - wanted))


def _amount(value: float) -> str:
    r"""Two digits; below a thousandth with a power of ten.

    >>> _amount(0.0634), _amount(8.84e-5), _amount(0.0)
    ('0.063', '8.8\xa0×\xa010⁻⁵', '0')
    """
    if not 0 < abs(value) < 1e-3:
        return f"{value:.2g}"
    digits, power = f"{value:.1e}".split("e-")
    return f"{digits}\u00a0×\u00a010⁻{power.lstrip('0').translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
