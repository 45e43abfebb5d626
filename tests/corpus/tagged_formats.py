"""Small texts, written in every format that is read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

SENTENCES = [
    [("The", "DT"), ("cat", "NN"), ("sat", "VBD"), (".", ".")],
    [("Two", "CD"), ("dogs", "NNS"), ("and/or", "CC"), ("Mary", "NNP"), ("ran", "VBD"), ("quickly", "RB"), (".", ".")],
    [("It", "PRP"), ("is", "VBZ"), ("good", "JJ"), ("on", "IN"), ("it", "PRP"), (".", ".")],
]


def slashed(sentences) -> str:
    return "".join(" ".join(f"{w.replace('/', chr(92) + '/')}/{t}" for w, t in s) + "\n" for s in sentences)


def underscored(sentences) -> str:
    return "".join(" ".join(f"{w}_{t}" for w, t in s) + "\n" for s in sentences)


def pos(sentences) -> str:
    """As the treebank does: chunks in brackets, a line anywhere, blank lines inside sentences too."""
    parts = []
    for sentence in sentences:
        tokens = [f"{w.replace('/', chr(92) + '/')}/{t}" for w, t in sentence]
        parts.append(f"[ {' '.join(tokens[:2])} ]\n\n{' '.join(tokens[2:])} \n\n")
    return "\n" + "".join(parts)


def mrg(sentences) -> str:
    trees = []
    for sentence in sentences:
        leaves = " ".join(f"({t} {w.replace('/', chr(92) + '/')})" for w, t in sentence)
        trees.append(f"\n( (S (NP-SBJ (-NONE- *-1) )\n  {leaves} ))\n")
    return "".join(trees)


def conll2000(sentences) -> str:
    """As the texts of its shared task, which are the treebank's, with its backslashes."""
    return "\n".join("".join(f"{w.replace('/', chr(92) + '/')} {t} B-NP\n" for w, t in s) for s in sentences)


def conllu(sentences) -> str:
    kinds = {"DT": "DET", "NN": "NOUN", "NNS": "NOUN", "NNP": "PROPN", "VBD": "VERB", "VBZ": "AUX", "CD": "NUM", "CC": "CCONJ"}
    kinds |= {"RB": "ADV", "PRP": "PRON", "JJ": "ADJ", "IN": "ADP", ".": "PUNCT"}
    features = {"NN": "Number=Sing", "NNP": "Case=Nom|Number=Sing", "NNS": "Number=Plur"}
    blocks = []
    for sentence in sentences:
        rows = [
            "\t".join([str(i), w, w, kinds[t], t, features.get(t, "_"), "0", "dep", "_", "_"])
            for i, (w, t) in enumerate(sentence, start=1)
        ]
        blocks.append("# text = x\n" + "\n".join(rows) + "\n")
    return "\n".join(blocks)


WRITERS: dict[str, tuple[str, Callable]] = {
    "word/TAG": ("a.txt", slashed),
    "word_TAG": ("a.txt", underscored),
    "pos": ("a.pos", pos),
    "mrg": ("a.mrg", mrg),
    "conll2000": ("a.txt", conll2000),
    "conllu": ("a.conllu", conllu),
}


def make_zip(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as made:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                made.write(file, file.relative_to(folder))
    return archive
