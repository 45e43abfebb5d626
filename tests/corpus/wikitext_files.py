"""A folder in the manner of WikiText's files."""

from pathlib import Path

import numpy as np


def write_wikitext_folder(folder: Path, articles: int = 12, words: int = 150, longest: int = 120) -> Path:
    """Articles of paragraphs under headings, `articles` to train on and a third as many to validate and to test.

    A word follows from the one before it more often than not, so that there is something to learn; frequencies fall as 1/rank.
    """
    folder.mkdir()
    rng = np.random.default_rng(0)
    forms = [f"{'Word' if number % 7 == 0 else 'word'}{number}" for number in range(words - 6)] + [",", ".", "@-@", "the", "<unk>"]
    share = 1 / np.arange(1, len(forms) + 1)
    for part, number in (("train", articles), ("valid", articles // 3), ("test", articles // 3)):
        lines = []
        for article in range(number):
            lines += [" ", f" = Title {article} = ", " "]
            for section in range(2):
                lines += [f" = = Part {section} = = ", " "]
                ids = rng.choice(len(forms), size=longest, p=share / share.sum())
                repeats = rng.random(longest) < 0.5
                for at in range(1, longest):
                    if repeats[at]:
                        ids[at] = (7 * ids[at - 1] + 1) % len(forms)
                paragraph = [forms[i] for i in ids]
                lines += [f" {' '.join(paragraph[start : start + 30])} . " for start in range(0, longest, 30)]
        (folder / f"wiki.{part}.tokens").write_text("\n".join(lines) + "\n")
    return folder
