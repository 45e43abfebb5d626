"""What is measured: a model, a text for it, and the public call of the engine on both."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

import stategrad as sg
from benchmarks.clock import Contender

VALIDATION = 73_760
"""Positions of the Penn Treebank's validation text, for which every way's time is extrapolated."""


EXECUTION = tuple(field.name for field in fields(sg.Execution))
"""The settings of how it runs."""


@dataclass(frozen=True)
class Workload:
    """A model and the vectors of a text.

    Attributes:
        model: an `nn.LSTM` of one batch element per step.
        vectors: the inputs.
        delays: 0, 1, …, delays-1.
        origin: where model and text come from, for the record.
    """

    model: nn.LSTM
    vectors: Float[Tensor, "time embedding"]
    delays: int
    origin: str

    def cut(self, positions: int) -> Workload:
        """The same with the first `positions` of the text."""
        return replace(self, vectors=self.vectors[:positions])


def random_workload(positions: int, *, embedding: int = 64, hidden: int = 256, layers: int = 1, delays: int = 30) -> Workload:
    """The paper's sizes by default; weights and vectors are normal, as large as those of an LSTM trained on Penn Treebank.

    Its standard deviations are 0.5 for `W_ih`, 0.3 for `W_hh`, 1 for the bias and 0.25 for the embeddings, at E = 64 and
    H = 256; for other sizes those of the weights follow from the number of their columns.
    """
    generator = torch.Generator().manual_seed(0)
    model = nn.LSTM(embedding, hidden, layers).eval()
    for name, weight in model.named_parameters():
        if "bias_ih" in name:
            scale = 1.0
        elif "bias_hh" in name:
            scale = 0.0
        else:
            scale = 4 / weight.shape[1] ** 0.5 if name == "weight_ih_l0" else 4.8 / weight.shape[1] ** 0.5
        weight.data.copy_(scale * torch.randn(weight.shape, generator=generator))
    vectors = torch.randn(positions, embedding, generator=generator) / 4
    return Workload(model, vectors, delays, "random")


def given_workload(reference: Path, text: Path | None, positions: int, *, delays: int = 30) -> Workload:
    """A trained language model's LSTM, on a text (a sentence a line) or on words drawn with frequencies that fall with rank.

    Raises:
        MissingInputError: no such model.
        SystemExit: a model that is no LSTM of one layer.
    """
    model, words = sg.load_model(reference)
    lstm = model.recurrent
    if not isinstance(lstm, nn.LSTM) or lstm.num_layers != 1:
        raise SystemExit(f"{reference} holds {lstm}; the benchmark needs an LSTM of one layer")
    if text is None:
        rank = np.arange(1, len(words) + 1)
        ids = np.random.default_rng(0).choice(len(words), positions, p=1 / rank / (1 / rank).sum())
    else:
        number = {word: index for index, word in enumerate(words)}
        unknown = number.get("<unk>", 0)
        lines = text.read_text(encoding="utf-8").splitlines()
        ids = np.array([number.get(word, unknown) for line in lines for word in [*line.split(), "<eos>"]])
    with torch.no_grad():
        vectors = model.embed(torch.from_numpy(ids))
    origin = f"{reference.name} on {'words drawn by rank' if text is None else text.name}"
    return Workload(lstm, vectors, delays, origin)


def engine_result(workload: Workload, **options: Any) -> sg.StateGradients:
    """The public call, in the settings of the table unless told otherwise; compiled, as analyses of long texts are."""
    settings: dict[str, Any] = {
        "delays": workload.delays,
        "blocks": 10,
        "second_moment": False,
        "execution": execution(compile=True),
        "show_progress": False,
    }
    result = sg.state_gradients(workload.model, workload.vectors, **(settings | options))
    assert isinstance(result, sg.StateGradients)
    return result


def execution(**wanted: Any) -> sg.Execution:
    """`sg.Execution` with those of the wanted settings that it has."""
    return sg.Execution(**{name: value for name, value in wanted.items() if name in EXECUTION})


def engine(name: str, workload: Workload, **options: Any) -> Contender:
    """The engine; positions near the end of the text have fewer delays, and count for so much less."""

    def run() -> float:
        count = engine_result(workload, **options).count.sel(group="all")
        return float(count.sum()) / workload.delays

    return Contender(name, run)
