"""Files that are whole or absent."""

import errno
from pathlib import Path

import pytest

from stategrad.files import replacing


def write_half(path: Path, error: Exception) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("kind", [RuntimeError, OSError])
def test_a_full_disk_is_told_as_the_system_does_whatever_the_writer_says(kind: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left on device") as told:
        write_half(path, kind("Error while serializing: I/O error: No space left on device (os error 28)"))
    assert (told.value.errno, told.value.strerror, told.value.filename) == (errno.ENOSPC, "No space left on device", str(path))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("model.safetensors", "old")]


def test_other_faults_of_a_writer_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a table"):
        write_half(tmp_path / "a.csv", ValueError("not a table"))
    assert list(tmp_path.iterdir()) == []
