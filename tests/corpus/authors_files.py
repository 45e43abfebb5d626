"""A folder in the manner of the authors' files."""

import random
from pathlib import Path

import numpy as np

WORDS = {
    "the": "['DT']", "cat": "['NN']", "dogs": "['NNS']", "mary": "['NNP']", "runs": "['VBZ', 'NNS']", "saw": "['VBD', 'NN|VB']",
    "good": "['JJ']", "quickly": "['RB']", "on": "['IN', 'RB']", "it": "['PRP']", "and": "['CC']", "N": "['CD']",
}  # fmt: skip
KINDS = ("NN", "NNS", "NNP", "VBD", "JJ", "RB", "PRP", "IN")


def write_authors_folder(folder: Path, sentences: int = 40, dimensions: int = 8, of_each: int = 0) -> Path:
    """Texts, tags, vectors and their dictionary; `of_each` more words of every kind."""
    folder.mkdir()
    rng = random.Random(0)
    tags = WORDS | ({f"{tag.lower()}{i}": f"['{tag}']" for tag in KINDS for i in range(of_each)})
    forms = [*tags, "<unk>", "shop"]
    for part, times in (("train", sentences), ("valid", sentences // 4), ("test", sentences // 4)):
        lines = [" ".join(rng.choices(forms, k=rng.randint(4, 12))) for _ in range(times)]
        (folder / f"ptb_{part}.txt").write_text("\n".join([" ".join(forms), *lines]) + "\n")
    (folder / "ptb_words+pos.txt").write_text("".join(f"{word} {listed}\n" for word, listed in tags.items()) + "shop not in list\n")
    vectors = np.random.default_rng(0).normal(size=(len(tags), dimensions)).astype(np.float32)
    np.save(folder / "cbow_wsj_all.npy", vectors)
    (folder / "cbow_wsj.dict").write_text("".join(f"{word}\t{row}\n" for row, word in enumerate(reversed(tags))))
    return folder
