"""Word vectors on disk: both formats of word2vec, and every way in which a file can be at fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.models.vector_files import WordVectors, read_vectors, write_vectors

WORDS = ("the", "<unk>", "naïve", "7", "a|b", "</s>")


def some_vectors(size: int = 3) -> WordVectors:
    # any bytes may stand in a binary row, line ends and spaces among them
    rows = np.frombuffer(b"\n  \n \n\n \n   " * len(WORDS), dtype="<f4")[: len(WORDS) * size].reshape(len(WORDS), size).copy()
    rows[1::2] = np.random.default_rng(0).normal(size=(len(WORDS) // 2, size)).astype(np.float32) * 1e-7
    return WordVectors(WORDS, rows, len(WORDS))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("suffix", ["bin", "vec.gz"])
def test_what_is_written_is_read_bit_for_bit(tmp_path: Path, binary: bool, suffix: str) -> None:
    vectors, path = some_vectors(), tmp_path / f"v.{suffix}"
    write_vectors(path, vectors, binary=binary)
    if suffix == "vec.gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    read = read_vectors(path)
    assert (read.words, read.total) == (WORDS, len(WORDS))
    assert read.vectors.tobytes() == vectors.vectors.tobytes()
    some = read_vectors(path, {"7", "the", "absent"})
    assert (some.words, some.total) == (("the", "7"), len(WORDS))
    assert np.array_equal(some.vectors, vectors.vectors[[0, 3]])


def test_binary_rows_need_no_line_end_and_numbers_may_be_written_in_any_way(tmp_path: Path) -> None:
    row = np.array([1.5, -2.0], dtype="<f4").tobytes()
    (tmp_path / "a").write_bytes(b"2 2\nx " + row + b"y " + row)
    assert read_vectors(tmp_path / "a").vectors.tolist() == [[1.5, -2.0]] * 2
    (tmp_path / "b").write_text("2 2\nx 1.5e0 -2 \ny\t+1.50 -2.000\r\n\n")
    assert read_vectors(tmp_path / "b").vectors.tolist() == [[1.5, -2.0]] * 2


@pytest.mark.parametrize("binary", [True, False])
def test_gensim_reads_what_is_written_and_the_other_way_round(tmp_path: Path, binary: bool) -> None:
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    write_vectors(tmp_path / "ours", some_vectors(), binary=binary)
    theirs = keyed.load_word2vec_format(str(tmp_path / "ours"), binary=binary)
    assert tuple(theirs.index_to_key) == WORDS
    assert np.array_equal(theirs.vectors, some_vectors().vectors)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    assert np.array_equal(read_vectors(tmp_path / "theirs").vectors, some_vectors().vectors)


ROW = np.array([1.0, 2.0], dtype="<f4").tobytes()
BROKEN = {
    "glove, without a first line": (
        b"the 1 2\na 3 4\n",
        "its first line holds a word and 2 numbers, as files of GloVe do; put a line before it with the number of words and 2.",
    ),
    "something else": (b"the cat sat\n", "its first line should hold the number of words and the size"),
    "empty": (b"", "is no word2vec file"),
    "no words": (b"0 2\n", "is no word2vec file"),
    "text that ends after a row": (b"3 2\nx 1 2\ny 3 4\n", "is truncated: it ends within vector 3 of 3"),
    "text that ends in a row": (b"2 2\nx 1 2\ny 3", "is truncated: it ends within vector 2 of 2"),
    "text with a short row": (b"2 2\nx 1 2\ny 3\n", "line 3 of {path} has 1 numbers, not 2"),
    "text with a word for a number": (b"2 2\nx 1 2\ny 3 z\n", "line 3 of {path} holds more than a word and numbers"),
    "text with a word for a number at once": (b"2 3\nx 1 2 z\ny 3 4 5\n", "line 2 of {path} holds more than a word and numbers"),
    "text of another size": (b"2 3\nx 1 2\ny 3 4\n", "line 2 of {path} has 2 numbers, not 3"),
    "text that goes on": (b"1 2\nx 1 2\ny 3 4\n", "goes on after the 1 words that its first line announces"),
    "binary that ends in a row": (b"2 2\nx " + ROW + b"y " + ROW[:5], "is truncated: it ends within vector 2 of 2"),
    "binary that ends in a word": (b"2 2\nx " + ROW + b"yy", "is truncated: it ends within vector 2 of 2"),
    "binary without spaces": (b"1 2\n" + b"x" * 5000, "word 1 of {path} has no end"),
    "binary that is not UTF-8": (b"1 2\n\xff " + ROW, "word 1 of {path} is not UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    content, sentence = BROKEN[name]
    path = tmp_path / "v.bin"
    path.write_bytes(content)
    with pytest.raises(MissingInputError) as error:
        read_vectors(path)
    assert sentence.format(path=path) in str(error.value)


def test_a_truncated_archive_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "v.gz").write_bytes(gzip.compress(b"2 2\nx 1 2\ny 3 4\n")[:-9])
    with pytest.raises(MissingInputError, match=r"v\.gz is not a whole gzip file"):
        read_vectors(tmp_path / "v.gz")
    (tmp_path / "w.gz").write_bytes(b"2 2\nx 1 2\ny 3 4\n")
    with pytest.raises(MissingInputError, match=r"w\.gz is not a whole gzip file"):
        read_vectors(tmp_path / "w.gz")
    with pytest.raises(MissingInputError, match=r"there is no file .*none.vec; give word vectors"):
        read_vectors(tmp_path / "none.vec")


@pytest.mark.parametrize("words", [None, {"y"}])
def test_twins_and_numbers_that_are_none_are_refused_whether_or_not_they_are_asked_for(
    tmp_path: Path, words: set[str] | None
) -> None:
    (tmp_path / "v").write_text("3 1\nx 1\ny 2\nx 3\n")
    with pytest.raises(InvalidInputError, match="holds the word 'x' twice"):
        read_vectors(tmp_path / "v", words)
    (tmp_path / "w").write_text("2 1\nx nan\ny 2\n")
    with pytest.raises(InvalidInputError, match=r"the vector of 'x' in .* holds NaN or Inf"):
        read_vectors(tmp_path / "w", words)


def test_a_word_with_white_space_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="the word 'new york' is empty or holds white space"):
        write_vectors(tmp_path / "v", WordVectors(("new york",), np.ones((1, 2), dtype=np.float32), 1))
    assert not list(tmp_path.iterdir())
