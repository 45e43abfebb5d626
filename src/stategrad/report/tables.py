"""The paper's tables from tidy frames: as frames of text, and as CSV, Markdown and LaTeX."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stategrad.files import write_text
from stategrad.report.marks import completed

ABSENT = "–"
BAR = r"\|"


def number(value: object, form: str = ".2f") -> str:
    """A number as text, a dash for none.

    >>> number(1.234), number(float("nan")), number(16000, ",.0f")
    ('1.23', '–', '16,000')
    """
    return ABSENT if value is None or pd.isna(value) else format(float(str(value)), form)


def table_1(classes: pd.DataFrame) -> pd.DataFrame:
    """The paper's table 1: `σ_1` at delay 0 per word class, in brackets its share of the sum over the listed classes.

    Args:
        classes: columns group, sigma_1; if there are any, state, rule, normalised, sigma_1_low, sigma_1_high, sigma_1_floor, rms,
            positions, population (positions of the class in the text), rank_limited (an asterisk: fewer positions than dimensions
            of the embedding).

    Returns:
        Columns state, rule, class, σ_1 (share), 95 % interval of σ_1, noise floor, rms, positions (of a sample: of how many); all
        text, in the order given.
    """
    classes = completed(classes)
    optional = ("normalised", "sigma_1_low", "sigma_1_high", "sigma_1_floor", "rms", "positions", "population")
    classes = classes.assign(**{name: float("nan") for name in optional if name not in classes})
    limited = classes["rank_limited"].fillna(False).astype(bool) if "rank_limited" in classes else [False] * len(classes)
    return pd.DataFrame(
        {
            "state": classes["state"].astype(str),
            "rule": classes["rule"].astype(str),
            "class": [f"{name}{'*' * bool(few)}" for name, few in zip(classes["group"], limited, strict=True)],
            "σ_1 (share)": [f"{number(a)} ({number(b)})" for a, b in zip(classes["sigma_1"], classes["normalised"], strict=True)],
            "95 %": [_interval(a, b) for a, b in zip(classes["sigma_1_low"], classes["sigma_1_high"], strict=True)],
            "noise floor": [number(value, ".3f") for value in classes["sigma_1_floor"]],
            "rms": [number(value) for value in classes["rms"]],
            "positions": [_counted(a, b) for a, b in zip(classes["positions"], classes["population"], strict=True)],
        },
        dtype=object,
    )


def table_2(separability: pd.DataFrame, cbow: pd.DataFrame | None = None) -> pd.DataFrame:
    """The paper's table 2: accuracy of logistic regression on embeddings, in percent, beside the majority class.

    Args:
        separability: columns row, valid; if there are any, classes, types, majority_valid, majority_test, test, valid_sd, ceiling,
            valid_most, valid_by_example, penalty, C, class_weight, scheme, note. Accuracies are fractions.
        cbow: the same for cbow vectors of the text.

    Returns:
        Columns classes, word types, validation %, ± (over splits), cbow % (on validation, where there are any), test %, majority %,
        ceiling %, one tag % (each word under its most frequent tag), rows split %, chosen, note; all text. The column majority is
        that of the validation words.
    """

    def column(name: str) -> list[object]:
        return list(separability[name]) if name in separability else [None] * len(separability)

    beside = {} if cbow is None else dict(zip(cbow["row"], cbow["valid"], strict=True))
    settings = zip(column("penalty"), column("C"), column("class_weight"), column("scheme"), strict=True)
    return pd.DataFrame(
        {
            "classes": [str(name) for name in separability["row"]],
            "word types": [number(value, ",.0f") for value in column("types")],
            "validation %": [_percent(value) for value in column("valid")],
            "±": [_percent(value) for value in column("valid_sd")],
            **({"cbow %": [_percent(beside.get(row)) for row in separability["row"]]} if beside else {}),
            "test %": [_percent(value) for value in column("test")],
            "majority %": [_percent(value) for value in column("majority_valid")],
            "ceiling %": [_percent(value) for value in column("ceiling")],
            "one tag %": [_percent(value) for value in column("valid_most")],
            "rows split %": [_percent(value) for value in column("valid_by_example")],
            "chosen": [_chosen(*chosen) for chosen in settings],
            "note": [ABSENT if note is None or pd.isna(note) or not str(note) else str(note) for note in column("note")],
        },
        dtype=object,
    )


def write_table(table: pd.DataFrame, path: Path, caption: str) -> list[Path]:
    """Write a table of text beside `path` as `.csv`, `.md` and `.tex`, each whole or not at all.

    Args:
        table: of text.
        path: of the files, without a suffix.
        caption: a sentence.

    Returns:
        The three paths.
    """
    writers = {".csv": table.to_csv(index=False), ".md": to_markdown(table, caption), ".tex": to_latex(table, caption)}
    paths = {suffix: path.with_name(path.name + suffix) for suffix in writers}
    for suffix, text in writers.items():
        write_text(paths[suffix], text)
    return list(paths.values())


def to_markdown(table: pd.DataFrame, caption: str) -> str:
    r"""A table of text in Markdown, its caption above.

    >>> print(to_markdown(pd.DataFrame({"class": ["a|b"], "rms": ["1.00"]}), "Two columns."), end="")
    Two columns.
    <BLANKLINE>
    | class | rms |
    | --- | --- |
    | a\|b | 1.00 |
    """
    rows = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    lines = [f"| {' | '.join(str(cell).replace('|', BAR) for cell in row)} |" for row in rows]
    return "\n".join([caption, "", *lines]) + "\n"


def to_latex(table: pd.DataFrame, caption: str) -> str:
    r"""A table of text in LaTeX, with the rules of the package booktabs; `σ_1` becomes `$\sigma_1$`.

    >>> print(to_latex(pd.DataFrame({"class": ["R&D"], "σ_1": ["1.00"]}), "All."), end="")
    \begin{table}
    \centering
    \caption{All.}
    \begin{tabular}{ll}
    \toprule
    class & $\sigma_1$ \\
    \midrule
    R\&D & 1.00 \\
    \bottomrule
    \end{tabular}
    \end{table}
    """
    rows = [r" & ".join(_tex(str(cell)) for cell in row) + r" \\" for row in (table.columns, *table.to_numpy().tolist())]
    head = [r"\begin{table}", r"\centering", rf"\caption{{{_tex(caption)}}}", rf"\begin{{tabular}}{{{'l' * table.shape[1]}}}"]
    body = [r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"]
    return "\n".join([*head, *body, r"\end{tabular}", r"\end{table}"]) + "\n"


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "σ": r"$\sigma$", "τ": r"$\tau$",
}  # fmt: skip


def _tex(text: str) -> str:
    symbol = "σ_1"
    return r"$\sigma_1$".join("".join(_TEX.get(letter, letter) for letter in part) for part in text.split(symbol))


def _interval(low: object, high: object) -> str:
    return ABSENT if ABSENT in (number(low), number(high)) else f"{number(low)} to {number(high)}"


def _counted(positions: float | int, population: float | int) -> str:
    """How many positions were used, and of a sample of how many."""
    sampled = not pd.isna(population) and positions < population
    return f"{number(positions, ',.0f')} of {number(population, ',.0f')}" if sampled else number(positions, ",.0f")


def _percent(value: object) -> str:
    return number(None if value is None or pd.isna(value) else 100 * float(str(value)), ".1f")


def _chosen(penalty: object, strength: object, class_weight: object, scheme: object) -> str:
    """The settings of the best classifier, in words."""
    if strength is None or pd.isna(strength):
        return ABSENT
    weighted = ", classes weighted" if class_weight == "balanced" else ""
    return f"{str(penalty).upper()}, C = {number(strength, 'g')}, {scheme}{weighted}"
