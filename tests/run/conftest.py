from pathlib import Path

import pytest

from stategrad.corpus.sources import CorpusConfig
from stategrad.models.training import TrainingConfig
from stategrad.probes.grid import ProbeConfig
from stategrad.run.config import GradientsConfig, NetworkConfig, RunConfig
from stategrad.run.run import Run

TINY = RunConfig(
    preset="tiny",
    corpus=CorpusConfig(name="synthetic", tokens=12_000, vocabulary_size=400),
    network=NetworkConfig(embedding_size=8, hidden_size=12),
    training=TrainingConfig(epochs=1, batch_size=5, steps=20, learning_rate=1.0),
    gradients=GradientsConfig(delays=6, blocks=4, sample=500),
    probe=ProbeConfig(C=(1.0,), penalties=("l2",), class_weights=("none",), workers=1),
)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole run on a small generated language, page and all."""
    run = Run(TINY, tmp_path_factory.mktemp("runs") / "tiny", show_progress=False)
    run.execute()
    return run


@pytest.fixture
def tiny_copy(tiny_run: Run, tmp_path: Path) -> Path:
    """A copy of that run's folder, to be tampered with."""
    import shutil

    return Path(shutil.copytree(tiny_run.folder.path, tmp_path / "copy"))
