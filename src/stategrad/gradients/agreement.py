"""What two results must have in common before their curves are set side by side, and whether they saw the same positions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.result import StateGradients

Facts = dict[str, Any]


def facts_of(result: StateGradients) -> Facts:
    """The provenance of a result, read."""
    facts: Facts = json.loads(result.provenance)
    return facts


def check_results(results: Sequence[Any]) -> None:
    """Raise `InvalidInputError` unless all are results of `state_gradients` with whole mean gradients."""
    foreign = [type(result).__name__ for result in results if not isinstance(result, StateGradients)]
    if foreign:
        raise InvalidInputError(
            f"received {foreign[0]}; give results of state_gradients with whole mean gradients (StateGradients)."
        )


def same_positions(a: StateGradients, b: StateGradients) -> bool:
    """Whether both averaged over the same positions of one text, cut into the same blocks.

    By the hash of the inputs, the positions that they stand for, the seed and size of the sample, and the counts of every block;
    false where a hash is not known.
    """
    first, second = facts_of(a), facts_of(b)
    text = [facts.get("inputs", {}).get("sha256") for facts in (first, second)]
    if text[0] is None or text[0] != text[1]:
        return False
    drawn = [[facts.get("settings", {}).get(name) for name in ("seed", "sample", "blocks")] for facts in (first, second)]
    counts = a._arrays.block_count, b._arrays.block_count
    # without a sample nothing is drawn, and the seed is idle
    same_draw = drawn[0][1:] == drawn[1][1:] and (drawn[0][1] is None or drawn[0] == drawn[1])
    if a.covered is not None and b.covered is not None and not a.covered.equals(b.covered):
        return False
    return same_draw and np.array_equal(*counts)


def same_model(a: StateGradients, b: StateGradients) -> bool:
    """Whether both are of one model, by the hash of its weights; false where that is not known."""
    first, second = (facts_of(result).get("model", {}).get("sha256") for result in (a, b))
    return first is not None and first == second


def check_one_recipe(results: Sequence[StateGradients], labels: Sequence[str]) -> None:
    """Raise one `InvalidInputError` that names all that keeps results from being seeds of one recipe on one text."""
    problems = Problems("results to be stacked")
    first, reference = results[0], facts_of(results[0])
    for number, (label, result) in enumerate(zip(labels, results, strict=True)):
        facts, ours = facts_of(result), f"'{label}' has"
        theirs = f"'{labels[0]}'"
        if result._cases != first._cases:
            problems.add(f"{ours} the dimensions {', '.join(result._cases)}, {theirs} {', '.join(first._cases)}")
            continue
        for name in first._cases:
            own, other = (part.mean[name].values.tolist() for part in (result, first))
            if own != other:
                problems.add(f"{ours} other values of {name} than {theirs}: {_difference(own, other)}")
        if result.units != first.units:
            problems.add(f"'{label}' has units {result.units} and {theirs} {first.units}")
        if facts.get("state") != reference.get("state"):
            problems.add(f"{ours} the state {_state(facts)}, {theirs} {_state(reference)}")
        if facts.get("inputs", {}).get("sha256") != reference.get("inputs", {}).get("sha256"):
            problems.add(f"'{label}' read another text than {theirs}")
        own, other = facts.get("settings", {}), reference.get("settings", {})
        for name in sorted({*own, *other} - {"seed"}):
            if own.get(name) != other.get(name):
                problems.add(f"{ours} {name} = {own.get(name)}, {theirs} {other.get(name)}")
        twin = next((labels[k] for k in range(number) if same_model(result, results[k])), None)
        if twin is not None:
            problems.add(f"'{label}' and '{twin}' are one model; give models of different seeds")
    problems.raise_if_any()


def _difference(own: list[Any], other: list[Any]) -> str:
    parts = []
    for word, values, others in (("with", own, other), ("without", other, own)):
        names = [str(one) for one in values if one not in others]
        if names:
            parts.append(f"{word} {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
    return " and ".join(parts) or "in another order"


def _state(facts: Facts) -> str:
    state = facts.get("state") or {}
    return f"{state.get('name')} of layer {state.get('layer')}"
