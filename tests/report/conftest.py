import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from report.generated_run import write_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The folder of a run that was analysed and has no report yet."""
    return write_run(tmp_path / "run")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run folder with chosen states, rules, conventions and facts."""
    return lambda **settings: write_run(tmp_path / "made", **settings)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium. Its absence is a failure under CI and a skip elsewhere."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for path in map(shutil.which, names) if path), None)
    if executable is None:
        reason = f"Chromium is not installed (looked for {', '.join(names)}); the page is tested in it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield chromium
        chromium.close()
