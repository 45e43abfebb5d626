"""Part-of-speech tags, and the word classes of the paper that they belong to.

The paper names its classes without listing their tags. Where that leaves a choice, it is made here:

- Penn `TO` is in no class: it marks infinitives and prepositions alike, and half or more of its tokens are infinitives. Brown
  tells the two apart (`to`, `in`), and only its `in` is a preposition. Particles (`RP`, `rp`) are in no class in either set.
- Adverbs include wh-adverbs and, in Brown, qualifiers (`ql`, `qlp`, `wql`: Penn tags "very" RB) and the negator `*`.
- Adjectives are the `JJ` tags alone: Brown's ordinals (`od`) and post-determiners (`ap`) stay outside.
- Pronouns are personal, possessive, reflexive, indefinite and wh-pronouns; determiners (`DT`, `WDT`, `wdt`) stay outside.
- Verbs include modals, and in Brown the negated forms (`md*`, `doz*`).
- The older universal set of twelve tags has no tag for proper nouns: its nouns are neither common nor proper.
- Brown's adverbial nouns (`nr`: home, west, Friday) mix common and proper ones: they are nouns, singular or plural, and neither.

References:
    Penn: Santorini, Part-of-Speech Tagging Guidelines for the Penn Treebank Project, 1990. Brown: Francis and Kučera, Brown
    Corpus Manual, 1979. Universal: https://universaldependencies.org/u/pos, and `CONJ` of its first version. Universal-12: Petrov,
    Das and McDonald, A Universal Part-of-Speech Tagset, 2012. `BES` and `HVS` ('s for is and has): the Treebank's Switchboard part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

from stategrad.errors import InvalidInputError, check_choice

TagSet = Literal["penn", "brown", "universal", "universal-12"]
TAG_SETS: tuple[TagSet, ...] = get_args(TagSet)

CLASSES = ("pronouns", "nouns", "verbs", "adjectives", "adverbs", "conjunctions/prepositions")
"""The word classes of the paper's table 1."""

NOUN_KINDS = ("singular nouns", "plural nouns", "common nouns", "proper nouns")
"""The kinds of nouns that the paper's properties compare: singular–plural and common–proper."""

WORD_CLASSES = CLASSES + NOUN_KINDS

TITLE = "-tl"
"""The marker of a Brown noun inside a title, such as `nn-tl` for the County in "Fulton County"."""

_MEMBERS: dict[TagSet, dict[str, str]] = {
    "penn": {
        "pronouns": "PRP PRP$ WP WP$",
        "nouns": "NN NNS NNP NNPS",
        "verbs": "VB VBD VBG VBN VBP VBZ MD BES HVS",
        "adjectives": "JJ JJR JJS",
        "adverbs": "RB RBR RBS WRB",
        "conjunctions/prepositions": "CC IN",
        "singular nouns": "NN NNP",
        "plural nouns": "NNS NNPS",
        "common nouns": "NN NNS",
        "proper nouns": "NNP NNPS",
        "": "TO RP DT WDT PDT EX CD POS LS FW UH SYM $ # . , : ( ) `` '' ` ' \" -LRB- -RRB- AFX HYPH NFP ADD GW XX",
    },
    "brown": {
        "pronouns": "pn pn$ pp$ pp$$ ppl ppls ppo pps ppss wp$ wpo wps",
        "nouns": "nn nn$ nns nns$ np np$ nps nps$ nr nr$ nrs nrs$",
        "verbs": "vb vbd vbg vbn vbz md md* be be* bed bed* bedz bedz* beg bem bem* ben ber ber* bez bez* "
        "do do* dod dod* doz doz* hv hv* hvd hvd* hvg hvn hvz hvz*",
        "adjectives": "jj jj$ jjr jjs jjt",
        "adverbs": "rb rb$ rbr rbt rn ql qlp wql wrb *",
        "conjunctions/prepositions": "cc cs in",
        "singular nouns": "nn nn$ np np$ nr nr$",
        "plural nouns": "nns nns$ nps nps$ nrs nrs$",
        "common nouns": "nn nn$ nns nns$",
        "proper nouns": "np np$ nps nps$",
        "": "abl abn abx ap ap$ at cd cd$ dt dt$ dti dts dtx ex od rp to uh wdt . , : ( ) -- ' '' ``",
    },
    "universal": {
        "pronouns": "PRON",
        "nouns": "NOUN PROPN",
        "verbs": "VERB AUX",
        "adjectives": "ADJ",
        "adverbs": "ADV",
        "conjunctions/prepositions": "CCONJ SCONJ CONJ ADP",
        "singular nouns": "NOUN|Number=Sing PROPN|Number=Sing",
        "plural nouns": "NOUN|Number=Plur PROPN|Number=Plur NOUN|Number=Ptan PROPN|Number=Ptan",
        "common nouns": "NOUN",
        "proper nouns": "PROPN",
        "": "DET NUM PART INTJ PUNCT SYM X",
    },
    "universal-12": {
        "pronouns": "PRON",
        "nouns": "NOUN",
        "verbs": "VERB",
        "adjectives": "ADJ",
        "adverbs": "ADV",
        "conjunctions/prepositions": "CONJ ADP",
        "singular nouns": "NOUN|Number=Sing",
        "plural nouns": "NOUN|Number=Plur NOUN|Number=Ptan",
        "": "DET NUM PRT X . PUNCT",
    },
}
NO_WORDS = ("-NONE-", "-DFL-")
"""Penn tags of what is no word: traces, and marks of disfluency."""

_WITH_FEATURES = ("universal", "universal-12")
_BROWN_TAG = re.compile(r"(?:fw-)?(?P<tag>.+?)(?P<marks>(?:-(?:tl|hl|nc|t|n))*)")  # `-t`, `-n`: cut off in the files


def _inverted(members: Mapping[str, str]) -> dict[str, frozenset[str]]:
    tags = {tag for listed in members.values() for tag in listed.split()}
    return {tag: frozenset(name for name in members if name and tag in members[name].split()) for tag in tags}


_CLASSES_BY_TAG: dict[TagSet, dict[str, frozenset[str]]] = {name: _inverted(members) for name, members in _MEMBERS.items()}


@cache
def normalise(tag: str, tag_set: TagSet) -> tuple[str, ...]:
    """The plain tags behind a tag as it stands in a file: usually one, two where annotators left it open, none for no word.

    - Penn: `VBG|NN` is both; `-NONE-` (a trace) and `-DFL-` (a mark of disfluency) are none.
    - Brown: in lower case, without `fw-` (foreign), `-hl` (headline), `-nc` (cited); of `a+b` (contracted) the first; `nil` is
      none. The `-tl` of a title is kept on nouns alone, since it takes them out of the common–proper distinction.
    - Universal: of the features only the `Number` of nouns is kept: `NOUN|Case=Nom|Number=Plur` is `NOUN|Number=Plur`.

    Normal tags stay as they are; tags that are not in the set are treated alike and not refused.

    >>> normalise("VBG|NN", "penn"), normalise("FW-NNS-TL-HL", "brown"), normalise("ppss+hv", "brown")
    (('VBG', 'NN'), ('nns-tl',), ('ppss',))
    """
    check_choice("tag set", tag_set, TAG_SETS)
    if tag_set == "penn":
        return tuple(part for part in tag.split("|") if part not in NO_WORDS) if tag != "|" else ()
    if tag_set in _WITH_FEATURES:
        kind, _, features = tag.partition("|")
        number = re.search(r"(?:^|\|)Number=([^|]+)", features)
        if kind == "_":
            return ()
        return (f"{kind}|Number={number[1]}" if number and kind in ("NOUN", "PROPN") else kind,)
    match = _BROWN_TAG.fullmatch(tag.lower())
    if match is None or match["tag"] == "nil":
        return ()
    plain = match["tag"].split("+")[0]
    in_title = "tl" in match["marks"].split("-") and "nouns" in _CLASSES_BY_TAG["brown"].get(plain, ())
    return (plain + TITLE if in_title else plain,)


@cache
def knows(tag: str, tag_set: TagSet) -> bool:
    """Whether a tag, as it stands in a file, belongs to a tag set."""
    return all(_classes_of_plain(plain, tag_set) is not None for plain in normalise(tag, tag_set))


@cache
def classes_of(tag: str, tag_set: TagSet) -> frozenset[str]:
    """The word classes and noun kinds of a tag, as it stands in a file or normalised; empty where it is in none.

    Raises:
        InvalidInputError: an unknown tag set, or a tag that is not in it.

    >>> sorted(classes_of("NNS", "penn")), sorted(classes_of("nn-tl", "brown")), sorted(classes_of("DT", "penn"))
    (['common nouns', 'nouns', 'plural nouns'], ['nouns', 'singular nouns'], [])
    """
    found: set[str] = set()
    for plain in normalise(tag, tag_set):
        classes = _classes_of_plain(plain, tag_set)
        if classes is None:
            raise InvalidInputError(
                f"tag '{tag}' is not in tag set {tag_set}; check which of {', '.join(TAG_SETS)} the text is tagged with."
            )
        found |= classes
    return frozenset(found)


def _classes_of_plain(plain: str, tag_set: TagSet) -> frozenset[str] | None:
    table = _CLASSES_BY_TAG[tag_set]
    if tag_set == "brown" and plain.endswith(TITLE):
        classes = table.get(plain.removesuffix(TITLE))
        return None if classes is None else classes - {"common nouns", "proper nouns"}
    if tag_set in _WITH_FEATURES and "|" in plain:
        kind = table.get(plain.split("|")[0])
        return None if kind is None else kind | table.get(plain, frozenset())
    return table.get(plain)


def detect_tag_set(counts: Mapping[str, int], where: str) -> TagSet:
    """The tag set that knows the most tokens.

    Args:
        counts: how often each tag occurs, as it stands in the file.
        where: the file or folder, for errors.

    Raises:
        InvalidInputError: no tag set knows 99 % of the tokens; fewer foreign tags are left to the caller.
    """
    total = sum(counts.values())
    shares = {name: sum(n for tag, n in counts.items() if knows(tag, name)) / max(total, 1) for name in TAG_SETS}
    best = max(TAG_SETS, key=lambda name: shares[name])
    if shares[best] < 0.99:
        known = f"{best} knows {int(100 * shares[best])}% of the {total:,} tokens and not" if shares[best] else "none knows"
        raise InvalidInputError(
            f"the tags of {where} are of no known tag set ({', '.join(TAG_SETS)}): {known} "
            f"{listed(foreign_tags(counts, best), 5)}; give text tagged with one of them."
        )
    return best


def foreign_tags(counts: Mapping[str, int], tag_set: TagSet) -> dict[str, int]:
    """The tags that a tag set does not know, the most frequent first, without their features.

    >>> foreign_tags({"NOUN|Case=Nom": 2, "ONOM|Case=Nom": 1, "ONOM": 1}, "universal")
    {'ONOM': 2}
    """
    foreign: Counter[str] = Counter()
    for tag, number in counts.items():
        if not knows(tag, tag_set):
            foreign[tag.partition("|")[0] if tag_set in _WITH_FEATURES else tag] += number
    return dict(foreign.most_common())


def listed(counts: Mapping[str, int], most: int) -> str:
    """The first tags of a list with their counts, and how many more there are.

    >>> listed({"QUX": 1200, "ZOT": 7, "A": 1}, 2)
    'QUX 1,200, ZOT 7, and 1 more'
    """
    shown = [f"{tag} {number:,}" for tag, number in list(counts.items())[:most]]
    return ", ".join([*shown, f"and {len(counts) - most:,} more"] if len(counts) > most else shown)
