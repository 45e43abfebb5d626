"""What the page says about linear classifiers, the paper's table 2."""

from __future__ import annotations

import pandas as pd


def on_separability(separability: pd.DataFrame) -> list[str]:
    """Which classes a linear classifier tells apart best and worst, beside always saying the most frequent one."""
    scored = separability[separability["valid"].notna()]
    if scored.empty:
        return ["No row of the table could be trained; the last column says why."]
    said = ["Only where a linear classifier tells two classes apart does the difference of their means describe a property."]
    gain = scored["valid"] - scored["majority_valid"]
    if gain.max() <= 0:
        said.append("On the validation words the classifier does no better than always saying the most frequent class, in any row.")
    elif gain.notna().any():
        best, least = scored.loc[gain.idxmax()], scored.loc[gain.idxmin()]
        chosen = [best] if best["row"] == least["row"] else [best, least]
        words = [
            f"{row['row']} ({100 * row['valid']:.1f} % of the validation words, "
            f"{100 * row['majority_valid']:.1f} % by always saying the most frequent class)"
            for row in chosen
        ]
        said.append(f"The classifier gains most for {words[0]}" + (f", least for {words[1]}." if len(words) > 1 else "."))
    failed = int(scored["not_converged"].fillna(0).sum())
    if failed:
        said.append(f"{failed} fit{'s' * (failed > 1)} did not converge.")
    return said
