import itertools

import pytest

from corpus.tagged_formats import SENTENCES, WRITERS, conll2000, conllu, make_zip, mrg, pos, slashed, underscored
from stategrad.corpus.readers import plain
from stategrad.corpus.readers.files import lines, open_path, text_files
from stategrad.corpus.readers.tagged import read_tagged
from stategrad.errors import InvalidInputError, MissingInputError

UNIVERSAL = [
    [("The", "DET"), ("cat", "NOUN|Number=Sing"), ("sat", "VERB"), (".", "PUNCT")],
    [("Two", "NUM"), ("dogs", "NOUN|Number=Plur"), ("and/or", "CCONJ"), ("Mary", "PROPN|Case=Nom|Number=Sing")],
]


def sentences_of(path, format=None):
    return [list(sentence) for document in read_tagged(path, format).documents() for sentence in document.sentences]


@pytest.mark.parametrize("where", ["file", "folder", "zip"])
@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_recognised_and_read_alike(tmp_path, name, where):
    file_name, write = WRITERS[name]
    folder = tmp_path / "text"
    (folder / "deep").mkdir(parents=True)
    file = folder / "deep" / file_name
    file.write_text(write(SENTENCES))
    before = file.read_bytes()
    path = {"file": file, "folder": folder, "zip": make_zip(folder, tmp_path / "text.zip")}[where]
    assert read_tagged(path).format == name
    read = sentences_of(path)
    if name == "conllu":
        assert read[0] == UNIVERSAL[0]
        assert read[1][:4] == UNIVERSAL[1]
    else:
        assert read == SENTENCES
    assert sentences_of(path, name) == read
    assert [document.name for document in read_tagged(path).documents()] == ["a"]
    assert file.read_bytes() == before


def test_a_treebank_in_four_formats_is_counted_once(tmp_path):
    for folder, suffix, write in (("tagged", ".pos", pos), ("combined", ".mrg", mrg), ("other", ".txt", slashed)):
        (tmp_path / folder).mkdir()
        for number in (1, 2):
            (tmp_path / folder / f"wsj_000{number}{suffix}").write_text(write(SENTENCES))
    (tmp_path / "tagged" / "README").write_text("some notes")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "wsj_0001").write_text("The cat sat.")
    text = read_tagged(tmp_path)
    assert (text.format, [file.name for file in text.files]) == ("pos", ["wsj_0001.pos", "wsj_0002.pos"])
    assert sentences_of(tmp_path) == SENTENCES * 2
    assert read_tagged(tmp_path, "mrg").format == "mrg"


def test_files_are_opened_only_when_their_document_is_asked_for(tmp_path):
    (tmp_path / "a.pos").write_text(pos(SENTENCES))
    (tmp_path / "b.pos").write_text("untagged")
    documents = read_tagged(tmp_path).documents()
    assert list(next(documents).sentences) == SENTENCES
    with pytest.raises(InvalidInputError, match=r"b.pos, line 1: 'untagged' is not word/TAG; tag every word"):
        list(next(documents).sentences)


def test_pos_sentences_end_with_a_full_stop_and_its_closers_or_a_line_of_equal_signs(tmp_path):
    (tmp_path / "a.pos").write_text(
        "======\n\n[ He/PRP ]\n\nsaid/VBD ,/,\n``/`` No/UH ./.\n\n''/''\n\n[ A/DT title/NN ]\n"
        "======\n(/( Yes/UH\n./. )/) \n\nSo/RB\n"
    )
    assert [" ".join(word for word, _ in sentence) for sentence in sentences_of(tmp_path)] == [
        "He said , `` No . ''",
        "A title",
        "( Yes . )",
        "So",
    ]


def test_trees_lose_traces_and_escapes_wherever_their_lines_break(tmp_path):
    (tmp_path / "a.mrg").write_text(
        "( (S (NP-SBJ-1 (NN\n 1\\/2) (-LRB- -LRB-) (NN a) (-RRB- -RRB-)) (VP (VBD was) (NP (-NONE- *-1) ))) )\n(S (UH \\*))"
    )
    assert sentences_of(tmp_path) == [[("1/2", "NN"), ("(", "-LRB-"), ("a", "NN"), (")", "-RRB-"), ("was", "VBD")], [("*", "UH")]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("(S (NN cat))\n(S (NN dog)", "the tree that begins in line 2 is cut off; give whole trees"),
        ("(S (NN cat)))", "line 1: a bracket closes that was never opened"),
        ("(S (NP the cat))", r"line 1: '\(NP the cat' is not \(TAG word\)"),
        ("(S (PP on (NN mat)))", r"line 1: '\(PP on' is not \(TAG word\)"),
    ],
)
def test_damaged_trees_are_refused(tmp_path, text, sentence):
    (tmp_path / "a.mrg").write_text(text)
    with pytest.raises(InvalidInputError, match=f"a.mrg.*{sentence}"):
        sentences_of(tmp_path)


def test_conllu_documents_ranges_and_empty_nodes(tmp_path):
    def row(number, word, kind="VERB", features="_"):
        return "\t".join([number, word, word, kind, "_", features, "0", "dep", "_", "_"]) + "\n"

    text = "# newdoc id = first\n# text = don't\n" + row("1-2", "don't", "_") + row("1", "do", "AUX") + row("2", "n't", "PART")
    text += row("2.1", "gone") + "\n# newdoc\n" + row("1", "in spite", "ADP") + "\n" + row("1", "?", "_") + "\n"
    (tmp_path / "a.conllu").write_text(text)
    documents = [(d.name, [list(s) for s in d.sentences]) for d in read_tagged(tmp_path).documents()]
    assert documents == [("first", [[("do", "AUX"), ("n't", "PART")]]), ("a-2", [[("in_spite", "ADP")], [("?", None)]])]
    (tmp_path / "a.conllu").write_text("1\tword\n")
    with pytest.raises(InvalidInputError, match=r"a.conllu, line 1: 2 columns where CoNLL-U has 10"):
        sentences_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (conll2000(SENTENCES) + "\ncat NN\n", "line 21: 'cat NN' does not have 3 columns, as the lines before it; give columns on"),
        ("cat\n", "line 1: 'cat' does not have word TAG, and what else is known of the word; give columns on every line"),
        ("cat\t\tNN\n", "does not have 3 columns"),
    ],
)
def test_a_line_without_its_columns_is_named(tmp_path, text, sentence):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InvalidInputError, match=f"a.txt, .*{sentence}"):
        sentences_of(tmp_path, "conll2000")


@pytest.mark.parametrize(("write", "separator"), [(slashed, "/"), (underscored, "_")])
def test_tokens_are_split_at_the_last_separator(tmp_path, write, separator):
    (tmp_path / "a.txt").write_text(write(SENTENCES) + f"a{separator}b{separator}NN\n")
    assert sentences_of(tmp_path)[-1] == [(f"a{separator}b", "NN")]


@pytest.mark.parametrize(
    "text",
    [
        "The cat sat on the mat .",
        "and/or he/she km/h",
        "snake_case and_so",
        "a b c\nd e f",
        "( a ( b c ) )",
        "either/CC word/NN plain",
    ],
)
def test_text_that_is_not_tagged_matches_no_format(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(
        InvalidInputError, match=r"a.txt matches no format of tagged text \(pos, mrg, .*\): it begins '.*'; give tagged text"
    ):
        read_tagged(tmp_path / "a.txt")


def test_a_folder_of_different_formats_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text(slashed(SENTENCES))
    (tmp_path / "b.txt").write_text(conll2000(SENTENCES))
    with pytest.raises(InvalidInputError, match=r"files of different formats, a.txt \(word/TAG\) and b.txt \(conll2000\)"):
        read_tagged(tmp_path)


@pytest.mark.usefixtures("shapes_unchecked")
def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"unknown format of tagged text 'conllx': did you mean 'conllu'"):
        read_tagged(tmp_path, "conllx")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a.txt is empty; give a file with text"),
        (b" \n\n", "a.txt is empty"),
        (b"a cat\nsat\x00 on\n", "a.txt is binary, not text: line 2 holds a zero byte"),
        (b"a cat\nin a caf\xe9 sat\n", "a.txt is not UTF-8: byte 0xe9 at offset 14, in line 2; convert it to UTF-8"),
    ],
)
@pytest.mark.parametrize("is_zipped", [False, True])
def test_files_that_are_no_text_are_refused(tmp_path, content, sentence, is_zipped):
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "a.txt").write_bytes(content)
    path = make_zip(folder, tmp_path / "text.zip") if is_zipped else folder
    [file] = text_files(open_path(path))
    with pytest.raises(InvalidInputError, match=sentence):
        list(lines(file))


def test_lines_lose_their_ends_and_the_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa b\r\n\r\nc")
    assert list(lines(tmp_path / "a.txt")) == ["a b", "", "c"]


def test_notes_and_hidden_files_are_no_text(tmp_path):
    for name in (".hidden", "README", "readme.txt", "LICENSE", "notes.md", "categories.pickle", "__MACOSX/a.txt", "b/z.txt", "a"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    assert [file.name for file in text_files(tmp_path)] == ["a", "z.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match=r"there are no text files in .*empty; give tagged files"):
        read_tagged(tmp_path / "empty")


def test_a_path_that_is_not_there_and_a_damaged_archive(tmp_path):
    with pytest.raises(
        MissingInputError, match=r"there is no file or folder .*none.zip; give the path of a file, a folder or a zip"
    ):
        open_path(tmp_path / "none.zip")
    (tmp_path / "a.txt").write_text(slashed(SENTENCES) * 50)
    archive = make_zip(tmp_path, tmp_path.parent / "whole.zip")
    damaged = bytearray(archive.read_bytes())
    damaged[damaged.rindex(b"sat/VBD")] ^= 1
    archive.write_bytes(damaged)
    with pytest.raises(InvalidInputError, match=r"a.txt is damaged inside its archive"):
        sentences_of(archive)
    archive.write_bytes(damaged[:50])
    with pytest.raises(InvalidInputError, match=r"whole.zip is not a whole zip archive"):
        open_path(archive)


def test_plain_text_is_a_sentence_per_line(tmp_path):
    (tmp_path / "a.txt").write_text("the cat\n\n  sat  down \n")
    [document] = plain.read(lines(tmp_path / "a.txt"), "a", "a.txt")
    assert list(document.sentences) == [[("the", None), ("cat", None)], [("sat", None), ("down", None)]]


def test_long_plain_text_is_read_line_by_line():
    endless = ("a b" for _ in itertools.count())
    [document] = plain.read(endless, "a", "a")
    assert len(list(itertools.islice(document.sentences, 3))) == 3


def test_conllu_written_by_the_tests_is_recognised_without_its_suffix(tmp_path):
    (tmp_path / "a.txt").write_text(conllu(SENTENCES))
    assert read_tagged(tmp_path).format == "conllu"
