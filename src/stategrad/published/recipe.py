"""The settings of a paper's recipe beside those of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stategrad.published.numbers import Paper, Setting


class Beside(NamedTuple):
    """One setting.

    Attributes:
        what: the setting.
        published: the paper's value.
        here: the run's, None where it is not known.
    """

    what: str
    published: float
    here: float | None

    @property
    def differs(self) -> bool:
        """Whether the run's value is known and another."""
        return self.here is not None and self.here != self.published


def beside_recipe(paper: Paper, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Beside]:
    """Every setting of a paper's recipe that runs have, beside a run's.

    How a model was trained that was given to the run (`settings["model"]`) is not known to it.

    Args:
        paper: whose recipe.
        facts: of the run.
        settings: of the run, as its `config.yaml` has them.

    >>> from stategrad.published import published_numbers
    >>> found = beside_recipe(published_numbers(), {"hidden_size": 128}, {"training": {"clip": 5.0}})
    >>> [(one.what, one.published, one.here, one.differs) for one in found if one.here is not None]
    [('LSTM cells', 256.0, 128.0, True), ('norm at which gradients are clipped', 5.0, 5.0, False)]
    """
    compared = [one for one in paper.recipe if one.fact or one.setting]
    return [Beside(one.what, float(one.published), _value(one, facts, settings)) for one in compared]


def _value(one: Setting, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> float | None:
    if one.fact is not None:
        found = facts.get(one.fact)
    elif settings.get("model") is not None:
        return None
    else:
        section, name = str(one.setting).split(".")
        found = (settings.get(section) or {}).get(name)
    return None if found is None else float(found)
