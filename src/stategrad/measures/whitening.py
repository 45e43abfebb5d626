"""Whitening: measuring memory in units of the embeddings' own spread.

With `C = D Dᵀ` the covariance of the embeddings over word types, the input is `x = D z + x̄` with z white, so that
`∂s/∂z = Ḡ D`; a property `d` becomes `D⁻¹ d`. It removes the effect of unequal variance in embedding space.

Source: the follow-up of Verwimp et al., Computer Speech & Language 61, 2020. The paper of 2018 does not whiten.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError

WORST_CONDITION = 1e8


def covariance_root(
    vectors: Float[np.ndarray, "word embedding"], weights: Float[np.ndarray, " word"] | None = None
) -> Float[np.ndarray, "embedding embedding"]:
    """The lower Cholesky factor D of the embeddings' covariance, centred: over word types, or over tokens, counted by `weights`.

    Any other square root of C differs from it by a rotation of z and gives the same singular values, cosines and memory.

    Raises:
        InvalidInputError: a covariance whose condition number is above 1e8, which cannot be inverted in earnest.
    """
    if len(vectors) <= vectors.shape[1]:
        raise InvalidInputError(
            f"{len(vectors)} words have a singular covariance in {vectors.shape[1]} dimensions; "
            "whitening needs more words than dimensions."
        )
    covariance = np.cov(vectors, rowvar=False, aweights=weights, ddof=1 if weights is None else 0).reshape(vectors.shape[1], -1)
    condition = float(np.linalg.cond(covariance))
    if not condition < WORST_CONDITION:
        raise InvalidInputError(
            f"the covariance of the embeddings has condition number {condition:.2g}, above {WORST_CONDITION:.0e}: "
            "whitening would amplify directions that the words hardly use."
        )
    return np.asarray(np.linalg.cholesky(covariance))
