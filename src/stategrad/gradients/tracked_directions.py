"""The direction that a property is tracked by, and those of properties that mean nothing, in the coordinates of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError
from stategrad.gradients.units import own_coordinates
from stategrad.measures.frequency import frequency_direction, without_direction
from stategrad.measures.permutation import permuted_directions
from stategrad.measures.properties import Property, vector_of
from stategrad.measures.tracking import checked_direction
from stategrad.models.embeddings import Embeddings

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

Direction = Property | Float[np.ndarray, " embedding"]
DRAWS = 1000


def tracked_directions(
    result: StateGradients, d: Direction, project_out: Direction | Literal["frequency"] | None
) -> tuple[Float[np.ndarray, " embedding"], Float[np.ndarray, "draw embedding"] | None]:
    """`d` and its null, labels dealt out anew within frequency deciles (None where that cannot be), for `StateGradients.track`.

    Raises:
        InvalidInputError: another size, the zero vector, an unknown name to project out, a property of which nothing is left.
    """
    null = _null_directions(d, result.embeddings, seed=0)
    direction, null = (None if part is None else own_coordinates(result, part) for part in (vector_of(d), null))
    assert direction is not None
    if project_out is None:
        return direction, null
    taken = own_coordinates(result, _taken_out(result, project_out))
    left = without_direction(checked_direction(direction, result.mean.sizes["embedding"]), taken)
    if not left.any():
        raise InvalidInputError("nothing is left of the property once that direction is projected out: it is that direction.")
    return left, None if null is None else without_direction(null, taken)


def _taken_out(result: StateGradients, project_out: Direction | str) -> Float[np.ndarray, " embedding"]:
    if isinstance(project_out, str):
        if project_out != "frequency":
            raise InvalidInputError(f"project_out is '{project_out}'; give a direction, a property, or 'frequency'.")
        if result.embeddings is None:
            raise InvalidInputError("to project frequency out takes embeddings with frequencies, and this result holds none.")
        return frequency_direction(result.embeddings)
    return checked_direction(vector_of(project_out), result.mean.sizes["embedding"])


def _null_directions(d: Direction, embeddings: Embeddings | None, seed: int) -> Float[np.ndarray, "draw embedding"] | None:
    if not isinstance(d, Property) or embeddings is None or embeddings.frequencies is None:
        return None
    try:
        return permuted_directions(embeddings, d, embeddings.frequencies, draws=DRAWS, seed=seed)
    except InvalidInputError:
        return None  # nothing to permute, or members of other embeddings: no null, the isotropic range remains
