import os
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import pytest
import torch

# tests are small: threads would wait for each other, and with any other program on the machine for that one too
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that tests start

SHARED = Path(__file__).parents[1] / ".." / "shared"


@pytest.fixture
def shared() -> Path:
    """Real texts and a trained model that lie beside a checkout, and are no part of it."""
    if not SHARED.is_dir():
        pytest.skip("real texts and the reference model are not beside this checkout (../shared)")
    return SHARED.resolve()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def shapes_unchecked() -> Iterator[None]:
    """Let wrong arguments through to the library's own checks, which users meet; tests check types before that."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
