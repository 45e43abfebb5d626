"""Words as language-modelling texts write them, and the paper's two normalisations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.normalisation_rules import NUMBER, RULES, is_number
from stategrad.errors import InvalidInputError, check_choice

Normalisation = Literal["none", "ptb-norm", "wsj-norm"]
NORMALISATIONS: Mapping[Normalisation, tuple[str, ...]] = {
    "none": (),
    "ptb-norm": ("punctuation", "hyphens", "lower_case", "numbers", "percent"),
    "wsj-norm": ("lower_case", "spelled_numbers", "numbers"),
}
"""The rules of each normalisation. The paper's section 3.1 names the hyphens of PTB-norm and the numbers of WSJ-norm; lower case,
no punctuation, and `N` for the percent sign too, are what Mikolov's text has already and other files have not: without the hyphens,
these rules make 99.8 % of the sentences of NLTK's sample of the treebank what they are in his text, but for his `<unk>`.

Source: Verwimp et al. 2018, section 3.1.
"""


def mikolov(word: str) -> str:
    r"""A word of the Penn Treebank as Mikolov's `ptb.*.txt` write it: in lower case, a number as `N`, slash and star escaped.

    Words with digits among letters stay (`1980s`, `10-year`). His text also has `N` for the percent sign, and no punctuation; here
    `%` and punctuation stay as they are and match nothing in his text, so that `N` has the tags of numbers alone.

    >>> [mikolov(word) for word in ("Vinken", "1,000", "1/2", "1980s", "1/2-year")]
    ['vinken', 'N', 'N', '1980s', '1\\/2-year']
    """
    return NUMBER if is_number(word) else word.lower().replace("/", "\\/").replace("*", "\\*")


class Normaliser:
    """The rules of a normalisation, applied to sentences, and how many words each has touched.

    Args:
        normalisation: `none`, `ptb-norm` or `wsj-norm`.
        rules: those of its rules that are applied; none named: all.

    Attributes:
        names: of the rules, in the order in which they are applied.
        touched: for each rule how many words it has changed, split, put together or left out so far.

    Raises:
        InvalidInputError: an unknown normalisation, or a rule that is not one of its own.

    >>> normaliser = Normaliser("ptb-norm", ("hyphens",))
    >>> normaliser.sentence([("company-owned", "JJ"), ("shops", "NNS")]), normaliser.touched["hyphens"]
    ([('company', None), ('owned', None), ('shops', 'NNS')], 1)
    """

    def __init__(self, normalisation: Normalisation = "none", rules: Sequence[str] = ()) -> None:
        self.normalisation = normalisation
        check_choice("normalisation", normalisation, get_args(Normalisation))
        known = NORMALISATIONS[normalisation]
        if rules and not known:
            raise InvalidInputError(
                f"rules {', '.join(rules)} are given, and the normalisation is none; give normalisation ptb-norm or wsj-norm."
            )
        for rule in rules:
            check_choice(f"rule of {normalisation}", rule, known)
        self.names = tuple(name for name in RULES if name in (rules or known))
        self.touched: Counter[str] = Counter()

    def sentence(self, tokens: Sentence) -> list[Token]:
        """What stands in the place of a sentence, by all rules one after the other."""
        held = list(tokens)
        for name in self.names:
            after = RULES[name](held)
            self.touched[name] += _touched(held, after)
            held = after
        return held

    def documents(self, documents: Iterable[Document]) -> list[Document]:
        """Documents of normalised sentences; a sentence that has no word any more is left out."""
        if not self.names:
            return list(documents)
        return [
            Document(
                document.name,
                tuple(tuple(words) for sentence in document.sentences if (words := self.sentence(sentence))),
                document.genre,
            )
            for document in documents
        ]

    def type_of(self, word: Callable[[str], str] = str) -> Callable[[str], str | None]:
        """The word type of a tagged word: written as `word` does and by the rules; None where it loses its tag or is left out.

        The tag of a split word is that of the whole, and of none of its parts.
        """
        known: dict[str, str | None] = {}

        def normalised(form: str) -> str | None:
            if form not in known:
                written = Normaliser._apply([(word(form), "tag")], self.names)
                known[form] = written[0][0] if len(written) == 1 and written[0][1] is not None else None
            return known[form]

        return normalised

    @staticmethod
    def _apply(tokens: list[Token], names: Sequence[str]) -> list[Token]:
        for name in names:
            tokens = RULES[name](tokens)
        return tokens

    def facts(self) -> dict[str, Any]:
        """The normalisation, its rules, and how many words each touched: facts of a corpus, none without rules."""
        if not self.names:
            return {}
        return {
            "normalisation": self.normalisation,
            "rules": ", ".join(self.names),
            **{f"touched_{name}": self.touched[name] for name in self.names},
        }


def _touched(before: Sequence[Token], after: Sequence[Token]) -> int:
    """How many words of `before` are not in `after` as they were: no rule changes the order, or makes a word that was there."""
    if len(before) == len(after):
        return sum(old[0] != new[0] for old, new in zip(before, after, strict=True))
    left = Counter(word for word, _ in before)
    left.subtract(word for word, _ in after)
    return sum(number for number in left.values() if number > 0)
