"""The smallest settings of a whole run."""

from stategrad.corpus.sources import CorpusConfig
from stategrad.models.training import TrainingConfig
from stategrad.probes.grid import ProbeConfig
from stategrad.run.config import DecodingConfig, GradientsConfig, NetworkConfig, RunConfig, SwapConfig

TINY = RunConfig(
    preset="tiny",
    corpus=CorpusConfig(name="synthetic", tokens=12_000, vocabulary_size=400),
    network=NetworkConfig(embedding_size=8, hidden_size=12),
    training=TrainingConfig(epochs=1, batch_size=5, steps=20, learning_rate=1.0),
    gradients=GradientsConfig(delays=6, blocks=7, sample=500),
    swap=SwapConfig(sample=300),
    decoding=DecodingConfig(sample=500, seeds=2),
    probe=ProbeConfig(C=(1.0,), penalties=("l2",), class_weights=("none",), workers=1),
)
