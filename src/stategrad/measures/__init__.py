"""Measures of memory on plain arrays: a mean gradient `Ḡ` of shape (…, state, embedding) in, numbers out."""

from stategrad.measures.block_means import leave_one_out, mean_of_blocks
from stategrad.measures.chance import (
    chance_cosine,
    chance_relative_memory,
    mean_square_relative_memory,
    noise_relative_memory,
)
from stategrad.measures.cross_validation import (
    cross_validated_singular_values,
    geometric_mean,
    unbiased_energy,
    unbiased_gain,
)
from stategrad.measures.debiased_tracking import debias_gain, estimate_squared_memory
from stategrad.measures.debiasing import DebiasedSpectrum, debias_spectrum
from stategrad.measures.detection import Detection, sign_flip_test
from stategrad.measures.energy import energy_share, root_mean_square
from stategrad.measures.floor import noise_floor
from stategrad.measures.frequency import frequency_direction
from stategrad.measures.gram import gram_singular_values, sigma_1_and_sum
from stategrad.measures.jackknife import Estimate, jackknife
from stategrad.measures.noise_spectrum import noise_effective_rank, noise_participation_ratio, noise_selectivity
from stategrad.measures.permutation import permuted_directions
from stategrad.measures.properties import Property, property_vector
from stategrad.measures.scales import signed_root
from stategrad.measures.simultaneous import simultaneous_band
from stategrad.measures.spectrum import decompose, effective_rank, largest_share, participation_ratio, singular_values
from stategrad.measures.stability import Stability, split_half_stability
from stategrad.measures.tracking import cosine_to_subspace, relative_memory
from stategrad.measures.whitening import covariance_root

__all__ = [
    "DebiasedSpectrum",
    "Detection",
    "Estimate",
    "Property",
    "Stability",
    "chance_cosine",
    "chance_relative_memory",
    "cosine_to_subspace",
    "covariance_root",
    "cross_validated_singular_values",
    "debias_gain",
    "debias_spectrum",
    "decompose",
    "effective_rank",
    "energy_share",
    "estimate_squared_memory",
    "frequency_direction",
    "geometric_mean",
    "gram_singular_values",
    "jackknife",
    "largest_share",
    "leave_one_out",
    "mean_of_blocks",
    "mean_square_relative_memory",
    "noise_effective_rank",
    "noise_floor",
    "noise_participation_ratio",
    "noise_relative_memory",
    "noise_selectivity",
    "participation_ratio",
    "permuted_directions",
    "property_vector",
    "relative_memory",
    "root_mean_square",
    "sigma_1_and_sum",
    "sign_flip_test",
    "signed_root",
    "simultaneous_band",
    "singular_values",
    "split_half_stability",
    "unbiased_energy",
    "unbiased_gain",
]
