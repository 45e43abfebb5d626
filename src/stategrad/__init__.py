"""What the state of a recurrent model remembers of its inputs, and for how long.

import stategrad as sg

result = sg.state_gradients(model, inputs)      # mean gradients per group and delay
result.memory()                                 # how much is remembered, and for how long
result.track(sg.property_vector(result.embeddings, "singular nouns", "plural nouns"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stategrad import measures
from stategrad.errors import (
    ChecksumError,
    ForeignOutputError,
    InvalidInputError,
    MissingInputError,
    StategradError,
    UnavailableError,
)
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import Execution, state_gradients
from stategrad.measures.properties import Property, property_vector
from stategrad.models.embeddings import Embeddings

__version__ = "0.1.0"

__all__ = [
    "Embeddings",
    "Execution",
    "Property",
    "StateGradients",
    "measures",
    "property_vector",
    "state_gradients",
]
