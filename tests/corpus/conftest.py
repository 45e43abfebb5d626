from pathlib import Path

import pytest


@pytest.fixture
def ptb_folder(tmp_path: Path) -> Path:
    """Three files in the manner of Mikolov's: lower case, `N`, `<unk>`, no punctuation."""
    folder = tmp_path / "ptb"
    folder.mkdir()
    lines = " the cat sat \n N dogs and mary ran quickly \n <unk> is good on it \n"
    for part, times in (("train", 4), ("valid", 1), ("test", 1)):
        (folder / f"ptb.{part}.txt").write_text(lines * times)
    return folder
