"""The numbers that a paper prints, read from the file of its name in this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

from stategrad.errors import check_choice

Table = Literal["facts", "memory", "classes", "tracking", "separability"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The measure of a run that a published number stands beside.

    Attributes:
        table: which table of a run folder, or its facts.
        measure: a column of the table, or the name of a fact; `reach` is the last delay up to which memory is told from noise.
        group: the group of positions, where the table has groups.
        property: the tracked property, where the table has them; None for what is the same for all.
        n: how many directions of embedding space, where the table has them; None for what is the same for all.
        delays: first and last delay; of several the mean is taken.
        row: the row of the separability table, without its number of classes.
        classes: how many classes that row must tell apart.
        authors_text: whether the number holds for the authors' text alone.
    """

    table: Table
    measure: str
    group: str | None = None
    property: str | None = None
    n: int | None = None
    delays: tuple[int, int] | None = None
    row: str | None = None
    classes: int | None = None
    authors_text: bool = False


@dataclass(frozen=True, kw_only=True)
class PublishedNumber:
    """One number of a paper. What is printed in percent is a share here.

    Attributes:
        place: the section, table or figure.
        what: the quantity.
        model: `joint`, `pre-trained`, or the name of a model that no run has; `any` for what concerns the text.
        published: the number.
        decimals: how many are printed; negative for a number given in thousands.
        relation: `equal`, or `more than` for a lower bound.
        compared: the measure of a run that it stands beside, or None.
        unclear: why there is none, in one clause.
    """

    place: str
    what: str
    model: str
    published: float
    decimals: int
    relation: Literal["equal", "more than"] = "equal"
    compared: Compared | None = None
    unclear: str | None = None


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a paper prints, and about which text, model and state.

    Attributes:
        text: what the text is called.
        corpus: the corpus of the authors' own files.
        near: corpora of the same text in another form.
        network: facts that the model of a run must share.
        state: the state that was analysed.
        rule: how words with several tags were put into classes.
        numbers: in the order of the paper.
    """

    text: str
    corpus: str
    near: tuple[str, ...]
    network: Mapping[str, Any]
    state: str
    rule: str
    numbers: tuple[PublishedNumber, ...]


@cache
def published_numbers(paper: str = "verwimp2018") -> Paper:
    """What a paper prints as results.

    Args:
        paper: its name.

    Raises:
        InvalidInputError: no such paper.

    >>> paper = published_numbers()
    >>> [(n.model, n.published) for n in paper.numbers if n.what == "σ_1 at τ = 0, pronouns"]
    [('joint', 1.95), ('pre-trained', 0.96)]
    """
    folder = resources.files("stategrad.published")
    names = sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
    check_choice("paper", paper, names)
    content = yaml.safe_load(folder.joinpath(f"{paper}.yaml").read_text(encoding="utf-8"))
    numbers = tuple(_number(**entry) for entry in content.pop("numbers"))
    return Paper(numbers=numbers, near=tuple(content.pop("near")), **content)


def _number(published: float | int, compared: dict[str, Any] | None = None, **entry: Any) -> PublishedNumber:
    beside = None
    if compared is not None:
        delays = compared.pop("delays", None)
        beside = Compared(delays=tuple(delays) if delays else None, **compared)
    return PublishedNumber(published=float(published), compared=beside, **entry)
