import shutil
from pathlib import Path

import pytest

from run.tiny import TINY
from stategrad.run.run import Run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole run on a small generated language, page and all."""
    run = Run(TINY, tmp_path_factory.mktemp("runs") / "tiny", show_progress=False)
    run.execute()
    return run


@pytest.fixture
def tiny_copy(tiny_run: Run, tmp_path: Path) -> Path:
    """A copy of that run's folder, to be tampered with."""
    return Path(shutil.copytree(tiny_run.folder.path, tmp_path / "copy"))
