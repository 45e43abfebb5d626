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
        percent: whether it is printed in percent; its decimals are those of the share.
        relation: `equal`, or `more than` for a lower bound.
        compared: the measure of a run that it stands beside, or None.
        unclear: why there is none, in one clause.
    """

    place: str
    what: str
    model: str
    published: float
    decimals: int
    percent: bool = False
    relation: Literal["equal", "more than"] = "equal"
    compared: Compared | None = None
    unclear: str | None = None

    @property
    def printed(self) -> str:
        """The number as the paper prints it, a bound with its words.

        >>> numbers = {n.what: n.printed for n in published_numbers().numbers if n.model in ("any", "joint")}
        >>> [numbers[what] for what in ("σ_1 at τ = 0, pronouns", "accuracy, all", "word tokens for test")]
        ['1.95', '42.39 %', '80k']
        """
        for decimals, unit in ((-6, "M"), (-3, "k")):
            if self.decimals <= decimals:
                return f"{self.published / 10**-decimals:,.0f}{unit}"
        shown = (
            f"{100 * self.published:.{max(self.decimals - 2, 0)}f} %" if self.percent else f"{self.published:,.{self.decimals}f}"
        )
        return shown if self.relation == "equal" else f"{self.relation} {shown}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a paper's recipe.

    Attributes:
        what: the setting.
        published: its value.
        fact: the fact of a run that it stands beside, or None.
        setting: the setting of a run's training that it stands beside, its section and its name joined by a dot, or None.
    """

    what: str
    published: float | int
    fact: str | None = None
    setting: str | None = None


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
        recipe: its settings.
        numbers: its results, in the order of the paper.
    """

    text: str
    corpus: str
    near: tuple[str, ...]
    network: Mapping[str, Any]
    state: str
    rule: str
    recipe: tuple[Setting, ...]
    numbers: tuple[PublishedNumber, ...]


@cache
def published_numbers(paper: str = "verwimp2018") -> Paper:
    """What a paper prints: its results, and the settings of its recipe.

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
    recipe = tuple(Setting(**entry) for entry in content.pop("recipe"))
    return Paper(numbers=numbers, recipe=recipe, near=tuple(content.pop("near")), **content)


def _number(published: float | int, compared: dict[str, Any] | None = None, **entry: Any) -> PublishedNumber:
    beside = None
    if compared is not None:
        delays = compared.pop("delays", None)
        beside = Compared(delays=tuple(delays) if delays else None, **compared)
    return PublishedNumber(published=float(published), compared=beside, **entry)
