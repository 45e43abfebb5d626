"""What the state of a recurrent model remembers of its inputs, and for how long.

import stategrad as sg

result = sg.state_gradients(model, inputs)      # mean gradients per group and delay
result.memory()                                 # how much is remembered, and for how long
result.track(sg.property_vector(result.embeddings, "singular nouns", "plural nouns"))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stategrad import measures
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.noun_pairs import noun_pairs
from stategrad.corpus.sources import CorpusConfig
from stategrad.corpus.sources import load as load_corpus
from stategrad.errors import (
    ChecksumError,
    ForeignOutputError,
    InvalidInputError,
    MissingInputError,
    StategradError,
    UnavailableError,
)
from stategrad.gradients.directional import DirectionalGradients
from stategrad.gradients.equal_groups import equal_groups
from stategrad.gradients.group_spectra import GroupSpectra
from stategrad.gradients.low_rank import LowRankGradients
from stategrad.gradients.model_comparison import compare
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.stacking import StackedMemory, stack
from stategrad.gradients.state_gradients import state_gradients
from stategrad.gradients.state_statistics import StateStatistics, describe_states
from stategrad.measures.properties import Property, property_vector
from stategrad.models.checkpoints import load_model
from stategrad.models.embeddings import Embeddings
from stategrad.models.language_model import LanguageModel
from stategrad.probes.state_probes import StateProbes, probe_states
from stategrad.swaps.paired import PairedSwaps, paired_swaps
from stategrad.swaps.push_response import PushResponse
from stategrad.swaps.pushes import push_states
from stategrad.swaps.result import SwapMemory
from stategrad.swaps.swap_memory import swap_memory
from stategrad.words.result import WordMemory
from stategrad.words.sentence_memory import SentenceMemory, sentence_memory
from stategrad.words.word_memory import word_memory

if TYPE_CHECKING:
    from stategrad import plot

__version__ = "0.1.0"

__all__ = [
    # the analysis
    "state_gradients",
    "StateGradients",
    "GroupSpectra",
    "DirectionalGradients",
    "LowRankGradients",
    "Execution",
    "equal_groups",
    "describe_states",
    "StateStatistics",
    "swap_memory",
    "SwapMemory",
    "paired_swaps",
    "PairedSwaps",
    "noun_pairs",
    "push_states",
    "PushResponse",
    "probe_states",
    "StateProbes",
    # several models
    "stack",
    "StackedMemory",
    "compare",
    "word_memory",
    "WordMemory",
    "sentence_memory",
    "SentenceMemory",
    # what is tracked
    "Embeddings",
    "Property",
    "property_vector",
    "measures",
    # texts and models
    "Corpus",
    "CorpusConfig",
    "load_corpus",
    "LanguageModel",
    "load_model",
    # charts, imported on first use
    "plot",
    # errors
    "StategradError",
    "InvalidInputError",
    "MissingInputError",
    "ChecksumError",
    "ForeignOutputError",
    "UnavailableError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is heavy, the charts, on first use."""
    if name == "plot":
        return importlib.import_module("stategrad.plot")
    raise AttributeError(f"module 'stategrad' has no attribute '{name}'")
