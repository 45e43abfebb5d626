"""The paragraph and the references that a paper needs, with the figures of an analysis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

BIBTEX = """\
@inproceedings{verwimp2018state,
  author    = {Verwimp, Lyan and {Van hamme}, Hugo and Renkens, Vincent and Wambacq, Patrick},
  title     = {State Gradients for {RNN} Memory Analysis},
  booktitle = {Interspeech 2018},
  year      = {2018}
}

@article{busing1999delete,
  author  = {Busing, Frank M. T. A. and Meijer, Erik and {van der Leeden}, Rien},
  title   = {Delete-m Jackknife for Unequal m},
  journal = {Statistics and Computing},
  volume  = {9},
  year    = {1999}
}

@article{montielolea2019simultaneous,
  author  = {{Montiel Olea}, Jos\\'e Luis and Plagborg-M{\\o}ller, Mikkel},
  title   = {Simultaneous Confidence Bands: Theory, Implementation, and an Application to {SVARs}},
  journal = {Journal of Applied Econometrics},
  volume  = {34},
  year    = {2019}
}
"""

FOLLOW_UP = """
@article{verwimp2020state,
  author  = {Verwimp, Lyan and {Van hamme}, Hugo and Wambacq, Patrick},
  title   = {State Gradients for Analyzing Memory in {LSTM} Language Models},
  journal = {Computer Speech \\& Language},
  volume  = {61},
  pages   = {101034},
  year    = {2020}
}
"""


def references_of(result: StateGradients) -> str:
    """The works that `methods_of` names, as BibTeX."""
    return BIBTEX + FOLLOW_UP * (result.units == "csl2020")


def methods_of(result: StateGradients) -> str:
    """What was done, in the words of a methods section, with the numbers of this result and what its intervals leave out."""
    facts: dict[str, Any] = json.loads(result.provenance)
    state, settings, versions = facts["state"], facts["settings"], facts["versions"]
    sizes = result.mean.sizes
    positions, population = (int(counts.max()) for counts in (result.count, result.population))
    share = "all" if positions == population else f"a random sample of {positions:,} of the"
    delays = result.delays
    blocks = result.block_count.sizes["block"]
    groups = [group for group in result.groups if group != "all"]
    within = f" and within the groups {_listed(groups)}" if groups else ""
    said = [
        f"State gradients (Verwimp et al., 2018) of the {state['name']} state of layer {state['layer']} ({sizes['state']} units) "
        f"with respect to the input vectors ({sizes['embedding']} dimensions) were computed exactly by forward propagation with "
        f"stategrad {versions['stategrad']} (PyTorch {versions['torch']}, {settings['precision']}), over {share} {population:,} "
        f"input positions, at {len(delays)} delay{'s' * (len(delays) != 1)} from {delays[0]} to {delays[-1]}, without dropout and "
        "without cutting the recurrent path.",
        f"Gradients were averaged over all positions{within} and decomposed by singular value decomposition.",
    ]
    if result.units == "sd":
        said.append(
            "Gradients are in standard deviations of the state's units over the text per standard deviation of the embeddings "
            "(whitened by their covariance), so that rescaling either space changes nothing."
        )
    elif result.units == "csl2020":
        said.append(
            "Measures are in whitened input space, by the covariance of the embeddings over word types (Verwimp et al., 2020)."
        )
    if blocks >= 6:
        said.append(
            f"The text was cut into {blocks} blocks. Singular values were debiased as the geometric mean of their plain and "
            "cross-validated values; intervals (95 %) are jackknife t-intervals over blocks (Busing et al., 1999), bands are "
            "simultaneous over delays (Montiel Olea & Plagborg-Møller, 2019); memory counts as detected where the sign-flip test "
            "over blocks is significant at 5 %."
        )
    else:
        said.append(f"The text was cut into {blocks} block{'s' * (blocks != 1)}, too few for intervals.")
    said.append("Intervals express how the means would vary over texts of this kind; they do not include variation from training.")
    return " ".join(said)


def _listed(names: list[str]) -> str:
    shown = [f"“{name}”" for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
