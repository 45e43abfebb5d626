"""WikiText: articles as streams, words as they stand."""

from pathlib import Path

import pytest

from corpus.tagged_formats import make_zip
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.errors import InvalidInputError, MissingInputError

ARTICLES = (
    " \n = The Cat = \n \n The <unk> sat . \n = not a title = \n \n = = Food = = \n \n It eats 3 @,@ 000 mice . \n"
    " \n = X = \n \n A letter . \n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "wikitext-2"
    path.mkdir()
    for part in ("train", "valid", "test"):
        (path / f"wiki.{part}.tokens").write_text(ARTICLES)
    return path


@pytest.mark.parametrize("is_zipped", [False, True])
def test_articles_are_streams_and_words_stay_as_they_are(folder: Path, tmp_path: Path, is_zipped: bool) -> None:
    splits = load(CorpusConfig("wikitext", str(make_zip(folder, tmp_path / "w.zip") if is_zipped else folder)))
    assert splits.train.documents == ("The Cat", "X")
    text = [" ".join(splits.vocabulary.decode(stream)) for stream in splits.train.streams]
    assert text == [
        "= The Cat = <eos> The <unk> sat . <eos> = not a title = <eos> = = Food = = <eos> It eats 3 @,@ 000 mice . <eos>",
        "= X = <eos> A letter . <eos>",
    ]
    assert splits.train.sentences[0].max() == 4
    assert splits.facts["articles"] == 2
    assert splits.vocabulary.words.count("<unk>") == 1


def test_text_before_the_first_title_is_named_after_its_part_and_rare_words_become_unk(folder: Path) -> None:
    (folder / "wiki.train.tokens").write_text(" no title \n no \n" + ARTICLES)
    splits = load(CorpusConfig("wikitext", str(folder), vocabulary_size=4))
    assert splits.train.documents[0] == "train"
    assert set(splits.vocabulary.words) == {"<unk>", "<eos>", "=", "."}


def test_files_that_are_not_there_are_named(folder: Path) -> None:
    (folder / "wiki.valid.tokens").unlink()
    with pytest.raises(
        MissingInputError, match=r"holds no wiki\.valid\.tokens; give the folder or zip of WikiText's wiki\.\*\.tokens"
    ):
        load(CorpusConfig("wikitext", str(folder)))
    with pytest.raises(
        InvalidInputError, match=r"corpus wikitext needs a path; give the folder or zip that holds wiki\.train\.tokens"
    ):
        load(CorpusConfig("wikitext"))


def test_a_normalisation_is_applied_and_counted(folder: Path) -> None:
    splits = load(CorpusConfig("wikitext", str(folder), normalisation="wsj-norm", rules=("lower_case", "numbers")))
    text = " ".join(splits.vocabulary.decode(splits.train.streams[0]))
    assert text.endswith("it eats N @,@ N mice . <eos>")
    assert (splits.facts["normalisation"], splits.facts["touched_numbers"]) == ("wsj-norm", 6)
