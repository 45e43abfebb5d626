"""Tagged files as other people write them: every one holds the sentences of `tagged_formats`."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from corpus.tagged_formats import SENTENCES, WRITERS, conll2000, conllu, make_zip, mrg, pos, slashed, underscored
from stategrad.corpus.readers.tagged import read_tagged
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.errors import InvalidInputError

_PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def sentences_of(path, format=None):
    return [list(sentence) for document in read_tagged(path, format).documents() for sentence in document.sentences]


def columns(*functions, separator=" "):
    """A line per word, its columns made from (word, tag)."""
    return "\n".join("".join(separator.join(f(*token) for f in functions) + "\n" for token in s) for s in SENTENCES)


def word(word, _):
    return word


def tag(_, tag):
    return tag


@pytest.mark.parametrize("suffix", _PACKERS)
@pytest.mark.parametrize("name", WRITERS)
def test_compressed_files_are_read_alone_and_in_folders(tmp_path, name, suffix):
    file_name, write = WRITERS[name]
    file = tmp_path / "text" / f"{file_name}{suffix}"
    file.parent.mkdir()
    file.write_bytes(_PACKERS[suffix](write(SENTENCES).encode()))
    for path in (file, file.parent, make_zip(file.parent, tmp_path / "text.zip")):
        assert read_tagged(path).format == name
        assert [len(sentence) for sentence in sentences_of(path)] == [4, 7, 6]
        assert [document.name for document in read_tagged(path).documents()] == ["a"]
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(InvalidInputError, match=rf"a\.\w+\{suffix} is not a whole (gzip|bzip2|xz) file \(.*\); get it again"):
        sentences_of(file)


def test_a_tar_archive_and_utf_16_are_told(tmp_path):
    content = slashed(SENTENCES).encode()
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(InvalidInputError, match=r"a.tar.gz is a tar archive; unpack it, and give the folder"):
        read_tagged(tmp_path / "a.tar.gz")
    (tmp_path / "a.txt").write_text(slashed(SENTENCES), encoding="utf-16")
    with pytest.raises(InvalidInputError, match=r"a.txt is UTF-16; convert it to UTF-8"):
        read_tagged(tmp_path / "a.txt")


@pytest.mark.parametrize("name", WRITERS)
def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path, name):
    file_name, write = WRITERS[name]
    (tmp_path / file_name).write_bytes(b"\xef\xbb\xbf" + write(SENTENCES).rstrip("\n").replace("\n", "\r\n").encode())
    crooked = sentences_of(tmp_path)
    (tmp_path / file_name).write_text(write(SENTENCES))
    assert crooked == sentences_of(tmp_path)


@pytest.mark.parametrize("separator", [" ", "\t"])
@pytest.mark.parametrize("others", [(), (tag, lambda w, t: "I-ORG" if t == "NNP" else "O"), (word,)])
@pytest.mark.parametrize("name", ["a.txt", "a.pos", "a.conll"])
def test_columns_after_the_tag_are_not_used_whatever_their_number(tmp_path, others, separator, name):
    (tmp_path / name).write_text(columns(word, tag, *others, separator=separator))
    assert read_tagged(tmp_path).format == "conll2000"
    assert sentences_of(tmp_path) == SENTENCES


def test_documents_of_conll2003_are_told_by_their_marks(tmp_path):
    text = columns(word, tag, tag, lambda *_: "O").split("\n\n")
    (tmp_path / "a.txt").write_text("".join(f"-DOCSTART- -X- O O\n\n{sentence.strip()}\n\n" for sentence in text))
    documents = [(document.name, [list(s) for s in document.sentences]) for document in read_tagged(tmp_path).documents()]
    assert documents == [(f"a-{number}", [sentence]) for number, sentence in enumerate(SENTENCES, start=1)]


def test_words_may_hold_white_space_between_tabs(tmp_path):
    (tmp_path / "a.tsv").write_text("New York\tNNP\nis\tVBZ\n")
    assert sentences_of(tmp_path) == [[("New_York", "NNP"), ("is", "VBZ")]]


@pytest.mark.parametrize("separator", ["/", "_"])
def test_joined_words_stand_on_lines_of_their_own_too(tmp_path, separator):
    escaped = slashed(SENTENCES) if separator == "/" else underscored(SENTENCES)
    (tmp_path / "a.txt").write_text(escaped.replace("\n", "\n\n").replace(" ", "\n"))
    assert sentences_of(tmp_path) == SENTENCES
    (tmp_path / "a.txt").write_text("\n\t" + escaped.replace("\n", "\n\n\t"))
    assert sentences_of(tmp_path) == SENTENCES, "as the Brown corpus is written"


@pytest.mark.parametrize("line", ["the/DT", "the DT B-NP"])
def test_words_on_lines_without_blank_lines_are_refused(tmp_path, line):
    (tmp_path / "a.txt").write_text(f"{line}\n" * 2001)
    with pytest.raises(InvalidInputError, match=r"a.txt has a word per line and, up to line 2001, no blank line after 2,000 words"):
        sentences_of(tmp_path)


def test_the_treebanks_notice_of_copyright_is_no_text(tmp_path):
    notice = "*x*x*x*x*x*x*x*\n*x*  Copyright (C) 1995 *x*\n*x*x*x*x*x*x*x*\n"
    (tmp_path / "a.pos").write_text(notice + pos(SENTENCES))
    assert sentences_of(tmp_path) == SENTENCES
    (tmp_path / "a.pos").rename(tmp_path / "a.txt")
    assert read_tagged(tmp_path).format == "pos"
    (tmp_path / "a.mrg").write_text(notice + mrg(SENTENCES) + "( (S (UH Uh) (, ,) (-DFL- E_S) ))\n")
    assert sentences_of(tmp_path) == [*SENTENCES, [("Uh", "UH"), (",", ",")]]
    (tmp_path / "a.mrg").write_text(";;; by hand\n" + mrg(SENTENCES))
    with pytest.raises(InvalidInputError, match=r"a.mrg, line 1: ';;; by hand' stands outside of all trees; give trees alone"):
        sentences_of(tmp_path)


def test_conllu_with_tags_in_xpos_alone(tmp_path):
    def without_upos(text):
        rows = [line.split("\t") for line in text.split("\n")]
        return "\n".join("\t".join([*row[:3], "_", row[4], "_", *row[6:]] if len(row) == 10 else row) for row in rows)

    (tmp_path / "a.conllu").write_text(without_upos(conllu(SENTENCES)))
    assert sentences_of(tmp_path) == SENTENCES
    (tmp_path / "b.conllu").write_text(conllu(SENTENCES))
    read = sentences_of(tmp_path)
    assert [t for _, t in read[0]] == [None] * 4, "where some words have a UPOS it is the tag of all"
    assert read[3][1] == ("cat", "NOUN|Number=Sing")
    (tmp_path / "b.conllu").write_text(conllu(SENTENCES * 4))
    assert load(CorpusConfig("treebank", str(tmp_path))).facts["untagged_words"] == 17
    (tmp_path / "a.conllu").write_text(without_upos(conllu(SENTENCES * 4)))
    splits = load(CorpusConfig("treebank", str(tmp_path / "a.conllu")))
    assert (splits.tag_set, splits.facts["tag_column"]) == ("penn", "XPOS, since no word has a UPOS")


def test_conllu_with_columns_of_its_own(tmp_path):
    head = "# global.columns = ID FORM UPOS PARSEME:MWE\n"
    (tmp_path / "a.cupt").write_text(head + "# text = I do\n1\tI\tPRON\t*\n1-2\tdo't\t_\t_\n2\tdo\tAUX\t1:VID\n")
    assert sentences_of(tmp_path) == [[("I", "PRON"), ("do", "AUX")]]
    (tmp_path / "a.cupt").rename(tmp_path / "a.txt")
    assert read_tagged(tmp_path).format == "conllu"
    (tmp_path / "a.txt").write_text("# global.columns = ID WORD UPOS\n1\tI\tPRON\n")
    with pytest.raises(InvalidInputError, match=r"a.txt, line 1: there is no column FORM; give ID, FORM and UPOS"):
        sentences_of(tmp_path)
    (tmp_path / "a.txt").write_text(head + "1\tI\n")
    with pytest.raises(InvalidInputError, match=r"a.txt, line 2: 2 columns where CoNLL-U has 4, tabs between them"):
        sentences_of(tmp_path)


def test_files_named_after_the_parts_of_a_treebank_are_these_parts(tmp_path):
    folder = tmp_path / "UD_English-Own"
    folder.mkdir()
    for part, times in (("train", 3), ("dev", 2), ("test", 1)):
        (folder / f"en_own-ud-{part}.conllu").write_text(conllu(SENTENCES * times))
    (folder / "stats.xml").write_text("<treebank/>")
    splits = load(CorpusConfig("treebank", str(tmp_path)))
    assert [part.facts["sentences"] for part in (splits.train, splits.valid, splits.test)] == [9, 6, 3]
    assert splits.valid.documents == ("en_own-ud-dev",)
    assert splits.facts["split"] == "as the files are named"
    (folder / "more.conllu").write_text(conllu(SENTENCES * 4))
    splits = load(CorpusConfig("treebank", str(tmp_path)))
    assert [part.facts["sentences"] for part in (splits.train, splits.valid, splits.test)] == [24, 3, 3]
    assert splits.facts["split"] == "80 : 10 : 10 sentences"


def test_what_is_left_out_is_said(tmp_path):
    (tmp_path / "a.mrg").write_text(mrg(SENTENCES * 10))
    (tmp_path / "a.conllu").write_text(conllu(SENTENCES))
    (tmp_path / "notes.txt").write_text("Not tagged at all.")
    facts = load(CorpusConfig("treebank", str(tmp_path))).facts
    assert (facts["format"], facts["files"], facts["files_left_out"]) == ("mrg", 1, "2 files of other formats")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "b.txt").write_text("the cat sat\n" * 10)
    of_text = load(CorpusConfig("text", str(tmp_path / "text"), (str(tmp_path),), vocabulary_size=20)).facts
    assert of_text["tag_files"] == f"{tmp_path.name} (mrg; files left out: 3 files of other formats; 100.0% of the word types)"
    assert "files_left_out" not in load(CorpusConfig("treebank", str(tmp_path / "a.mrg"))).facts


def test_foreign_tags_are_listed_with_their_counts(tmp_path):
    (tmp_path / "a.txt").write_text(slashed(SENTENCES * 100) + "a/QUX b/QUX c/ZOT\n")
    facts = load(CorpusConfig("treebank", str(tmp_path))).facts
    assert (facts["foreign_tags"], facts["which_foreign_tags"]) == (3, "QUX 2, ZOT 1")
    (tmp_path / "b.txt").write_text("the cat sat\n" * 10)
    of_text = load(CorpusConfig("text", str(tmp_path / "b.txt"), (str(tmp_path / "a.txt"),), vocabulary_size=20)).facts
    assert of_text["which_foreign_tags"] == "QUX 2, ZOT 1"


def test_nouns_without_number_are_told_of(tmp_path):
    bare = "\n".join(line.replace("Number=", "X=") for line in conllu(SENTENCES * 10).split("\n"))
    (tmp_path / "a.conllu").write_text(bare)
    splits = load(CorpusConfig("treebank", str(tmp_path)))
    assert splits.facts["number_of_nouns"] == "not told: no noun has a feature Number"
    assert not {"singular nouns", "plural nouns"} & set(splits.train.groups())
    (tmp_path / "a.conllu").write_text(conllu(SENTENCES * 10))
    assert "number_of_nouns" not in load(CorpusConfig("treebank", str(tmp_path))).facts


@pytest.mark.parametrize(
    ("text", "looks", "tags"),
    [
        ("Der/ART Hund/NN bellt/VVFIN\n" * 5, "word/TAG", "ART 5, VVFIN 5"),
        ("the_AT0 dog_NN1 barks_VVZ\n" * 5, "word_TAG", "AT0 5, NN1 5, VVZ 5"),
        ("der ART\nHund NOM\n\n" * 5, "columns", "ART 5, NOM 5"),
    ],
)
def test_tags_of_no_known_set_are_named_where_the_format_is_plain(tmp_path, text, looks, tags):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(
        InvalidInputError, match=rf"begins '.*', like {looks}, with tags of no known tag set \(penn, .*\): {tags}; give"
    ):
        read_tagged(tmp_path)


def test_a_line_that_is_not_tagged_is_named_and_not_the_whole_file(tmp_path):
    (tmp_path / "a.txt").write_text("A title\n" + slashed(SENTENCES * 2))
    with pytest.raises(InvalidInputError, match=r"a.txt, line 1: 'A' is not word/TAG; tag every word"):
        sentences_of(tmp_path)


def test_a_file_that_does_not_belong_to_a_folder_is_named(tmp_path):
    (tmp_path / "a.txt").write_text(conll2000(SENTENCES))
    (tmp_path / "tagset.txt").write_text("The tags are those of the manual.")
    with pytest.raises(
        InvalidInputError, match=r"tagset.txt matches no format .*: it begins 'The tags .*'; leave it out of the folder"
    ):
        read_tagged(tmp_path)
