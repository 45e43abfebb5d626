"""A run folder with plausible measures, made without a model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stategrad.run.measures import with_controls

ENDS = {"low": 0.98, "high": 1.02}
CLASSES = {
    "pronouns": 1.95,
    "nouns": 1.66,
    "verbs": 1.65,
    "adjectives": 1.57,
    "adverbs": 1.44,
    "conjunctions/prepositions": 1.40,
}
FACTS: dict[str, Any] = {
    "corpus": "brown",
    "corpus_note": "Brown corpus, 500 samples",
    "text": "Brown, validation part, 50 documents",
    "tokens": 117_311,
    "vocabulary": 10_000,
    "unk_rate": 0.07,
    "cell": "lstm",
    "embedding_size": 64,
    "hidden_size": 256,
    "layers": 1,
    "parameters": 3_540_000,
    "epochs": 2,
    "training_minutes": 3.4,
    "backpropagation_steps": 50,
    "perplexity_valid": 312.4,
    "perplexity_test": 305.1,
    "perplexity_unigram": 854.0,
    "perplexity_untrained": 9998.2,
    "converged_perplexity": 180.0,
    "state": "cell",
    "positions": 16_000,
    "population": 117_311,
    "blocks": 10,
    "seeds": 1,
    "delays": 30,
    "property_cosine": -0.59,
    "precision": "float32",
    "tag_rules": ["any", "most"],
}


def memory_frame(states: tuple[str, ...], rules: tuple[str, ...], delays: int = 30) -> pd.DataFrame:
    """Memory curves as trained models have them: a fast and a slow exponential, and a floor that matters late."""
    delay = np.arange(delays)
    rows = []
    for state in states:
        scale = 1.0 if state == "cell" else 0.42
        groups = [("all", "", 1.5, 16_000)]
        groups += [(name, rule, top * (1.1 if rule == "most" and name == "verbs" else 1), 300 + 90 * len(name) * 9)
                   for rule in rules for name, top in CLASSES.items()]  # fmt: skip
        for number, (group, rule, top, count) in enumerate(groups):
            largest = scale * top * (0.75 * np.exp(-delay / (1.5 + 0.1 * number)) + 0.25 * np.exp(-delay / 14)) + 0.004
            total = largest * (14 * np.exp(-delay / 9) + 6)
            floor = scale * 0.03 * np.sqrt(16_000 / count) * np.exp(-delay / 40)
            rms = scale * top * 1.9 * (0.6 * np.exp(-delay / 3) + 0.4 * np.exp(-delay / 20))
            share = 0.14 * np.exp(-delay / 2) + 0.006
            columns = (delay, largest, total, floor, floor * 15, rms, share)
            names = ("delay", "sigma_1", "sigma_sum", "sigma_1_floor", "sigma_sum_floor", "rms", "energy_share")
            values = dict(zip(names, columns, strict=True))
            spread = {"effective_rank": 55 - delay, "participation_ratio": 40 - delay, "selectivity": largest / total}
            values |= spread | {f"{name}_floor": 0.9 * value for name, value in spread.items()}
            values |= {f"{name}_{end}": value * factor for name, value in spread.items() for end, factor in ENDS.items()}
            ends = {f"{name}_{end}": values[name] * factor for name in ("sigma_1", "rms") for end, factor in ENDS.items()}
            swap = scale * 7 * (0.7 * np.exp(-delay / 2.5) + 0.3 * np.exp(-delay / 15))
            ends |= {"divergence": 3 * np.exp(-delay / 2), "divergence_low": 2.8 * np.exp(-delay / 2)}
            ends |= {"divergence_high": 3.2 * np.exp(-delay / 2)}
            ends |= {"swap": swap, "validity": 0.38 * np.exp(-delay)} | {f"swap_{end}": swap * f for end, f in ENDS.items()}
            rows.append(pd.DataFrame(values | ends).assign(state=state, group=group, rule=rule, count=count - delay))
    return pd.concat(rows, ignore_index=True)


def tracking_frame(states: tuple[str, ...], conventions: tuple[bool, ...], delays: int = 30) -> pd.DataFrame:
    delay = np.arange(delays)
    rows = []
    for state in states:
        for whitened in conventions:
            for number, name in enumerate(("singular–plural", "common–proper")):
                m = 0.28 + 0.1 * number + (0.35 - 0.05 * number) * np.exp(-delay / 2.0) + 0.02 * np.sin(delay)
                for n in (1, 5):
                    cosine = (0.35 + 0.1 * number + 0.3 * np.exp(-delay / 1.5)) * (1 if n == 5 else 0.6)
                    share = (0.05 + 0.004 * delay) if n == 1 else 0.2 + 0.012 * delay
                    null = {"relative_memory_null_low": m * 0 + 0.2, "relative_memory_null_high": m * 0 + 0.5}
                    values = null | {
                        "delay": delay,
                        "relative_memory": m,
                        "cosine": cosine - 0.1 * whitened,
                        "subspace_share": share,
                    }
                    labels = {"state": state, "group": "all", "rule": "", "property": name, "n": n, "whitened": whitened}
                    rows.append(pd.DataFrame(values).assign(**labels))
    return pd.concat(rows, ignore_index=True)


def controls_frame(states: tuple[str, ...], delays: int = 30) -> pd.DataFrame:
    """Curves of an untrained model, on shuffled text, within sentences and across their ends, where no pair has delay 0."""
    delay = np.arange(delays)
    rates = {"untrained": 1.4, "shuffled": 2.5, "within": 6.0, "across": 3.0}
    rows = []
    for state in states:
        for control, rate in rates.items():
            value = 1.5 * np.exp(-delay / rate)
            value = np.where((delay == 0) & (control == "across"), np.nan, value)
            ends = {f"sigma_1_{end}": value * factor for end, factor in ENDS.items()}
            values = {"delay": delay, "sigma_1": value, "rms": 2 * value, "count": 2000 - delay} | ends
            rows.append(pd.DataFrame(values).assign(state=state, control=control))
    return pd.concat(rows, ignore_index=True)


def decay_frame(states: tuple[str, ...]) -> pd.DataFrame:
    """Decay laws of the mean gradient: a power law, and an exponential that does not hold."""
    laws = {"exponential": (37.0, 31.0, False), "power": (2.1, -0.2, True), "stretched": (1.7, 0.0, False)}
    values = {"time": 6.5, "exponent": 1.04, "exponent_low": 0.99, "exponent_high": 1.09}
    rows = [
        {"state": state, "group": "all", "measure": "mean", "law": law, "score": score, "difference_low": low, "preferred": chosen}
        for state in states
        for law, (score, low, chosen) in laws.items()
    ]
    return pd.DataFrame(rows).assign(**values)


def horizon_frame(states: tuple[str, ...]) -> pd.DataFrame:
    """Horizons of three measures: all fall to 1/e at delay 3, none to a tenth."""
    reached = {"horizon": 3.0, "horizon_low": 2.5, "horizon_high": 3.5, "reached": True}
    stays = {"horizon": np.nan, "horizon_low": 20.0, "horizon_high": np.nan, "reached": False}
    rows = [
        {"state": state, "group": group, "rule": rule, "measure": measure, "level": level, "longest": 29}
        | (reached if level > 0.2 else stays)
        for state in states
        for group, rule in (("all", ""), ("nouns", "any"))
        for measure in ("mean", "rms", "swap")
        for level in (np.exp(-1), 0.1)
    ]
    return pd.DataFrame(rows)


def units_frame(states: tuple[str, ...]) -> pd.DataFrame:
    """Forty units whose memory goes with their gates; the last two outlast the delays."""
    constant = np.exp(np.linspace(-0.5, 3, 40))
    horizon = np.where(np.arange(40) < 38, 1.2 * constant**0.9, np.nan)
    frame = pd.DataFrame({"unit": np.arange(40), "row_norm": 0.3, "horizon": horizon, "time_constant": constant})
    return pd.concat([frame.assign(state=state) for state in states], ignore_index=True)


def decoding_frame(states: tuple[str, ...]) -> pd.DataFrame:
    """Accuracies of probes: memory up to delay 1."""
    readers = {"state": [0.86, 0.63, 0.47, 0.33], "words between": [np.nan, 0.45, 0.48, 0.42], "untrained": [0.38, 0.4, 0.37, 0.33],
               "majority": [0.47, 0.42, 0.44, 0.35], "control": [0.5, 0.4, 0.35, 0.3], "memory": [0.39, 0.18, -0.01, -0.09],
               "selectivity": [0.38, 0.27, 0.12, 0.03]}  # fmt: skip
    rows = [
        {"state": state, "delay": delay, "reader": reader, "accuracy": value, "balanced": value,
         "accuracy_low": value - 0.04, "accuracy_high": value + 0.04}
        for state in states for reader, values in readers.items()
        for delay, value in zip((0, 1, 5, 20), values, strict=True) if value == value
    ]  # fmt: skip
    return pd.DataFrame(rows)


def equal_frame(states: tuple[str, ...], rules: tuple[str, ...]) -> pd.DataFrame:
    """Classes at equal counts, and groups of any words."""
    values = CLASSES | {f"any {number}": 1.3 + 0.05 * number for number in range(1, 6)}
    rows = [
        {"state": state, "rule": rule, "group": group, "count": 1000, "sigma_1": value, "rms": 2 * value}
        | {f"sigma_1_{end}": value * factor for end, factor in ENDS.items()}
        for state in states
        for rule in rules
        for group, value in values.items()
    ]
    return pd.DataFrame(rows)


def directions_frame(states: tuple[str, ...], conventions: tuple[bool, ...]) -> pd.DataFrame:
    """Three directions at three delays: one with words, one of a stable plane, one that is noise."""
    modes = [
        {"mode": 1, "sigma_share": 0.2, "stability": 0.99, "set": "1", "set_stability": 0.99, "named": True,
         "positive": "so . !", "negative": "an new <b>", "class": "adjectives", "class_correlation": -0.44,
         "class_partial": -0.47, "class_partial_chance": 0.43, "log_frequency": 0.11},
        {"mode": 2, "sigma_share": 0.12, "stability": 0.7, "set": "2–4", "set_stability": 0.98, "named": False,
         "positive": "", "negative": "", "class": "verbs", "class_correlation": 0.2, "class_partial": 0.21,
         "class_partial_chance": 0.43, "log_frequency": 0.02},
        {"mode": 3, "sigma_share": 0.1, "stability": 0.3, "set": "3", "set_stability": 0.3, "named": False,
         "positive": "", "negative": "", "class": "", "class_correlation": np.nan, "class_partial": np.nan,
         "class_partial_chance": 0.43, "log_frequency": np.nan},
    ]  # fmt: skip
    labels = [{"state": state, "whitened": whitened} for state in states for whitened in conventions]
    places = [
        {"group": group, "rule": rule, "delay": delay} for group, rule in (("all", ""), ("nouns", "any")) for delay in (0, 1, 5)
    ]
    rows = [one | place | mode for one in labels for place in places for mode in modes]
    return pd.DataFrame(rows).assign(class_chance=0.43, log_frequency_chance=0.13, sigma=1.0)


def classes_frame(memory: pd.DataFrame) -> pd.DataFrame:
    first = memory[(memory["delay"] == 0) & (memory["group"] != "all")]
    share = first["sigma_1"] / first.groupby(["state", "rule"])["sigma_1"].transform("sum")
    table = first.assign(positions=first["count"], normalised=share, rank_limited=False)
    names = ["state", "rule", "group", "positions", "sigma_1", "normalised", "sigma_1_floor", "rms", "rank_limited",
             "sigma_1_low", "sigma_1_high", "rms_low", "rms_high"]  # fmt: skip
    return table[names].reset_index(drop=True)


def separability_frame() -> pd.DataFrame:
    rows = [("all (34)", 34, 0.13, 0.4239), ("nouns (4)", 4, 0.52, 0.7354), ("N-V-Adj-Adv-Pro", 5, 0.48, 0.6633),
            ("N-V", 2, 0.62, 0.7728), ("N-Adj", 2, 0.7, 0.8447), ("V-Adv", 2, 0.88, 0.95), ("sg-pl", 2, 0.71, 0.8708),
            ("common-proper", 2, 0.63, 0.8369)]  # fmt: skip
    listed = [
        {
            "row": row, "classes": k, "types": 9000 // k, "majority_valid": majority, "majority_test": majority - 0.01,
            "valid": accuracy, "test": accuracy - 0.015, "penalty": "l2", "C": 0.1, "class_weight": "none",
            "scheme": "multinomial" if k > 2 else "one-vs-rest", "converged": True, "not_converged": 0, "note": "",
        }
        for row, k, majority, accuracy in rows
    ]  # fmt: skip
    listed[0]["note"] = "multinomial L1 left out"
    listed[-1] |= {"valid": np.nan, "test": np.nan, "note": "class proper nouns has 3 types; at least 10 are needed"}
    return pd.DataFrame(listed)


TAGS = pd.DataFrame(
    {"tag": ["NN", "JJ", "EX"], "types": [2000, 30, 1], "types_most": [1800, 20, 1], "stratified": [True, True, False]}
)


def write_run(
    folder: Path,
    *,
    states: tuple[str, ...] = ("cell", "hidden"),
    rules: tuple[str, ...] = ("any", "most"),
    conventions: tuple[bool, ...] = (False, True),
    facts: dict[str, Any] | None = None,
) -> Path:
    measures = folder / "measures"
    measures.mkdir(parents=True)
    memory = memory_frame(states, rules)
    controls = controls_frame(states)
    controls.to_csv(measures / "controls.csv", index=False)
    decay_frame(states).to_csv(measures / "decay.csv", index=False)
    units_frame(states).to_csv(measures / "units.csv", index=False)
    decoding_frame(states).to_csv(measures / "decoding.csv", index=False)
    equal_frame(states, rules).to_csv(measures / "equal.csv", index=False)
    memory = with_controls(memory, controls)
    memory.to_csv(measures / "memory.csv", index=False)
    tracking_frame(states, conventions).to_csv(measures / "tracking.csv", index=False)
    directions_frame(states, conventions).to_csv(measures / "directions.csv", index=False)
    classes_frame(memory).to_csv(measures / "classes.csv", index=False)
    separability_frame().to_csv(measures / "separability.csv", index=False)
    TAGS.to_csv(measures / "tags.csv", index=False)
    training = {"epoch": [1, 2], "learning_rate": [1.0, 0.5], "train_perplexity": [701.0, 330.0],
                "valid_perplexity": [420.0, 312.4], "seconds": [101.0, 103.0]}  # fmt: skip
    pd.DataFrame(training).to_csv(measures / "training.csv", index=False)
    manifest = {"stategrad": "0.1.0", "preset": "demo", "facts": FACTS if facts is None else facts,
                "versions": {"torch": "2.13.0", "altair": "6.3.0"}}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "config.yaml").write_text("preset: demo\ngradients:\n  delays: 30\n", encoding="utf-8")
    return folder
