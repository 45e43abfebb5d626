"""Measures of memory on plain arrays: a mean gradient `Ḡ` of shape (…, state, embedding) in, numbers out."""

from stategrad.measures.energy import energy_share, root_mean_square
from stategrad.measures.floor import noise_floor
from stategrad.measures.properties import Property, property_vector
from stategrad.measures.spectrum import decompose, effective_rank, largest_share, singular_values
from stategrad.measures.tracking import cosine_to_subspace, relative_memory
from stategrad.measures.whitening import covariance_root

__all__ = [
    "Property",
    "cosine_to_subspace",
    "covariance_root",
    "decompose",
    "effective_rank",
    "energy_share",
    "largest_share",
    "noise_floor",
    "property_vector",
    "relative_memory",
    "root_mean_square",
    "singular_values",
]
