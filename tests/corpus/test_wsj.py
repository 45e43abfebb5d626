import gzip
import itertools

import pytest

from corpus.tagged_formats import SENTENCES, slashed
from stategrad.corpus.readers import compressed, csr
from stategrad.corpus.readers.files import lines
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.corpus.wsj import iterate_wsj, load_wsj
from stategrad.errors import InvalidInputError, MissingInputError, UnavailableError


def article(number, *sentences):
    """An article in the manner of CSR LM-1: marks with their numbers, a sentence over two lines."""
    marked = []
    for place, sentence in enumerate(sentences):
        first, *rest = sentence.split(" ", 1)
        marked += [f"<s.{number}.1.{place}>", first, *rest, "</s>"]
    return "\n".join([f"<art.{number}>", f"<p.{number}.1>", *marked, "</p>", "</art>", ""])


ARTICLES = [article(i, "THE STOCK ROSE", f"IN NINETEEN EIGHTY SEVEN IT FELL TWENTY FIVE PERCENT TIMES{i}") for i in range(20)]


def lzw(data):
    """The bytes that compress would write for a short text, each as a code of its own: nine bits, the lowest first."""
    bits = sum(byte << (9 * place) for place, byte in enumerate(data))
    return b"\x1f\x9d\x90" + bits.to_bytes((9 * len(data) + 7) // 8, "little")


@pytest.fixture
def folder(tmp_path):
    """Two years, one of them compressed in two ways, and a note."""
    for year, suffix, content in (
        ("87", "", "".join(ARTICLES[:10]).encode()),
        ("88", ".gz", gzip.compress("".join(ARTICLES[10:19]).encode())),
        ("89", ".Z", lzw(ARTICLES[19].encode())),
    ):
        (tmp_path / "nvp" / year).mkdir(parents=True)
        (tmp_path / "nvp" / year / f"w{year}_001.nvp{suffix}").write_bytes(content)
    (tmp_path / "nvp" / "readme.txt").write_text("Not a sentence.")
    return tmp_path / "nvp"


def test_sentences_of_all_years_are_normalised_as_the_papers(folder):
    sentences = iterate_wsj(folder)
    listed = list(sentences)
    assert len(listed) == 40
    assert listed[0] == ["the", "stock", "rose"]
    assert listed[39] == ["in", "N", "it", "fell", "N", "percent", "times19"]
    assert list(sentences) == listed, "it can be gone through again"
    plain = iterate_wsj(folder, "wsj-norm", ["numbers"])
    assert next(itertools.islice(plain, 1, None))[:4] == ["IN", "NINETEEN", "EIGHTY", "SEVEN"]


def test_sentences_are_read_one_at_a_time():
    read = []

    def lines():
        for number in range(10**9):
            read.append(number)
            yield f"<s> WORD {number} </s>"

    assert list(itertools.islice(csr.sentences(lines(), "x"), 3)) == [(False, ["WORD", str(n)]) for n in range(3)]
    assert len(read) == 3


def test_a_file_is_opened_when_its_turn_comes(folder, monkeypatch):
    opened = []
    monkeypatch.setattr("stategrad.corpus.wsj.lines", lambda file: opened.append(file.name) or lines(file))
    reader = iter(iterate_wsj(folder))
    assert opened == []
    assert next(reader) == ["the", "stock", "rose"]
    assert opened == ["w87_001.nvp"]


def test_a_reader_of_a_packed_file_may_stop_early(folder):
    reader = lines(folder / "89" / "w89_001.nvp.Z")
    assert next(reader) == "<art.19>"
    reader.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<s id=1> A B </s><S>C</S>", [(False, ["A", "B"]), (False, ["C"])]),
        ("a b\nc", [(False, ["a", "b"]), (False, ["c"])]),
        ("<art>\n<p>\n<s> A </s>\n</p>\n</art>\n<art>\n<s> B\nC\n</s>", [(True, ["A"]), (True, ["B", "C"])]),
        ("<s>\n</s>\n<s> <unk> <A&P> </s>", [(False, ["<unk>", "<A&P>"])]),
        (
            "<DOC>\n<DOCNO> W1 </DOCNO>\n<HL> A HEADLINE </HL>\n<TEXT>\n<p>\n<s>\nA\nB\n</s>\n</p>\n</TEXT>\n</DOC>",
            [(True, ["A", "B"])],
        ),
        ('<art.x>\n<dateline> NY\n<p.1>\n<s n="1"> A </s>\nB\n</p>\nC\n</art>\nD', [(True, ["A"]), (False, ["B"]), (True, ["D"])]),
        ("<doc>\n<text>\nA\nB C\n</text>\n</doc>", [(True, ["A"]), (False, ["B", "C"])]),
    ],
)
def test_marks(text, expected):
    assert list(csr.sentences(text.split("\n"), "x")) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<s> A\n<s> B </s>", r"line 2 of x begins a sentence within that of line 1; expected </s> before it"),
        ("<s> A\n</p>", r"line 2 of x has </p> within the sentence of line 1; expected </s> before it"),
        ("<s> A </s>\n<s> B", r"x ends within the sentence of line 2; get the whole file"),
        ("<art>\nA\n</art>", r"x has articles and no sentences in them; expected <s> … </s>, or words in <p> … </p>"),
    ],
)
def test_sentences_that_do_not_end(text, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        list(csr.sentences(text.split("\n"), "x"))


def test_as_a_corpus_articles_are_documents(folder, tmp_path):
    (tmp_path / "tags.txt").write_text("the/DT stock/NN rose/VBD fell/VBD it/PRP in/IN twenty-five/CD\n" + slashed(SENTENCES))
    splits = load(CorpusConfig("wsj", str(folder), (str(tmp_path / "tags.txt"),), normalisation="wsj-norm"))
    assert (splits.name, len(splits.train.streams), splits.valid.documents) == ("wsj", 16, ("w87_001-3", "w88_001-3"))
    assert splits.vocabulary.decode(splits.train.streams[0][4:11]) == ("in", "N", "it", "fell", "N", "percent", "<unk>")
    assert splits.facts["articles"] == 20
    assert splits.facts["touched_spelled_numbers"] == 20 * 5
    assert splits.valid.rules == ("any", "most")
    as_it_is = load_wsj(folder)
    assert "nineteen" in as_it_is.vocabulary, "in lower case, and no more"
    assert sum(part.size for part in (as_it_is.train, as_it_is.valid, as_it_is.test)) == 20 * (4 + 11 + 1) - 20


def test_tagged_text_is_not_taken_for_plain_text(tmp_path):
    (tmp_path / "a.txt").write_text(slashed(SENTENCES) * 10)
    for name in ("wsj", "text"):
        with pytest.raises(
            InvalidInputError, match=r"a.txt is tagged text \(word/TAG\) and not plain: .*; give it as corpus treebank"
        ):
            load(CorpusConfig(name, str(tmp_path / "a.txt")))


def test_plain_files_are_one_document_each(tmp_path):
    (tmp_path / "wsj_train.txt").write_text("a b\nb a\n" * 50)
    splits = load_wsj(tmp_path)
    assert splits.train.documents == ("wsj_train",)
    assert splits.train.facts["sentences"] == 80


def test_damaged_files(folder, monkeypatch):
    path = folder / "88" / "w88_001.nvp.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidInputError, match=r"w88_001.nvp.gz is not a whole gzip file \(.*\); get it again"):
        list(iterate_wsj(path))
    packed = folder / "89" / "w89_001.nvp.Z"
    packed.write_bytes(b"\x1f\x1e" + packed.read_bytes()[2:])
    with pytest.raises(InvalidInputError, match=r"w89_001.nvp.Z is (not a whole compressed file|empty)"):
        list(iterate_wsj(packed))
    monkeypatch.setattr(compressed.shutil, "which", lambda name: None)
    with pytest.raises(UnavailableError, match=r"is packed by compress, and there is no program gzip to unpack it"):
        list(iterate_wsj(packed))


@pytest.mark.usefixtures("shapes_unchecked")
def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingInputError, match=r"there is no file or folder .*nowhere; give the path of a file, a folder"):
        iterate_wsj(tmp_path / "nowhere")
    with pytest.raises(MissingInputError, match=r"there are no text files at .*; give a file, or a folder of files or of years"):
        iterate_wsj(tmp_path)
    with pytest.raises(InvalidInputError, match=r"unknown normalisation 'wsjnorm': did you mean 'wsj-norm'"):
        iterate_wsj(tmp_path, "wsjnorm")
    with pytest.raises(InvalidInputError, match=r"corpus wsj needs a path; give a file or folder of CSR LM-1 text"):
        load(CorpusConfig("wsj"))
