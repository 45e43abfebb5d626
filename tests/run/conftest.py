import shutil
from pathlib import Path

import altair as alt
import pytest

from run.tiny import TINY
from stategrad.report import page
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


@pytest.fixture(autouse=True)
def figures_undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty files in place of the figures, which take half of the time of a small run; those of `tiny_run` are drawn."""

    def touch(_: alt.LayerChart, path: Path) -> list[Path]:
        paths = [path.with_name(path.name + suffix) for suffix in (".svg", ".png", ".pdf")]
        path.parent.mkdir(exist_ok=True)
        for one in paths:
            one.touch()
        return paths

    monkeypatch.setattr(page, "write_chart", touch)
