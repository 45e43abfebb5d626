"""Gold-tagged text of the user's own: Penn Treebank files, `word/TAG`, CoNLL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stategrad.corpus.normalisation import Normalisation, Normaliser
from stategrad.corpus.partition import by_names, partition
from stategrad.corpus.splits import Splits, encode_splits
from stategrad.corpus.tag_files import read_documents


def load_treebank(
    path: str | Path, vocabulary_size: int = 10_000, normalisation: Normalisation = "none", rules: Sequence[str] = ()
) -> Splits:
    """Read tagged text whose tokens carry their own tags; words are turned to lower case unless there is a normalisation.

    Files that are named train, valid (or dev, val) and test are these parts. Else, with ten documents or more, every tenth
    validates and every tenth tests; with fewer the sentences are cut 80 : 10 : 10. A file is a document, and so is what follows
    `# newdoc` in CoNLL-U and `-DOCSTART-` in CoNLL-2003.

    Args:
        path: a file, folder or zip archive in one of the formats of `readers.tagged`, found from names and contents.
        vocabulary_size: the most frequent words of the training part that are kept; others become `<unk>`.
        normalisation: how words are written; parts of a split word have no tag.
        rules: those of the normalisation that are applied; none named: all.

    Returns:
        The splits, with gold tags; facts hold the format that was found.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: files of no format, tags of no tag set, a text too short to be split.
    """
    normaliser = Normaliser(normalisation, rules)
    text = read_documents(path, str if normaliser.names else str.lower)
    documents = normaliser.documents(text.documents)
    named = by_names(documents, text.files)
    return encode_splits(
        "treebank",
        named or partition(documents),
        vocabulary_size=vocabulary_size,
        tag_set=text.tag_set,
        is_gold=True,
        facts={
            "text": Path(path).name,
            "tag_set": text.tag_set,
            "documents": len(documents),
            "split": "as the files are named"
            if named
            else "every tenth document"
            if len(documents) > 9
            else "80 : 10 : 10 sentences",
            **text.facts,
            **normaliser.facts(),
        },
    )
