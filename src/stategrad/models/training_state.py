"""Checkpoints of a training run, from which it goes on exactly as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stategrad.checkpoint import load_checkpoint, save_checkpoint
from stategrad.models.history import Epoch
from stategrad.models.language_model import LanguageModel, State

_KIND = "a training run"


@dataclass(frozen=True, eq=False)
class Position:
    """Where a training run stands between two updates.

    Attributes:
        epoch: the running epoch, from 0.
        step: updates made in it.
        loss: summed over its words so far, in nats.
        words: predicted in it so far.
        seconds: spent on it so far.
        finished: the epochs that are complete.
        state: the recurrent state that the next update starts from; None for zeros.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    words: int = 0
    seconds: float = 0.0
    finished: tuple[Epoch, ...] = ()
    state: State | None = None


def save_training(
    path: Path,
    settings: Mapping[str, Any],
    position: Position,
    model: LanguageModel,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write all that the next update depends on: weights, optimizer, state, generators, counters, settings.

    Tensors are stored as safetensors, the rest as JSON in their metadata; an older checkpoint at `path` is replaced
    whole.

    Args:
        path: the checkpoint file.
        settings: what the run depends on, all of it JSON; `load_training` refuses to go on under others.
        position: where the run stands.
        model: the model in training.
        optimizer: its optimizer.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items() if value is not None}
    tensors |= {f"state.{i}": tensor for i, tensor in enumerate(_parts(position.state))}
    tensors |= _generator_states(model)
    counters = asdict(replace(position, state=None))
    save_checkpoint(path, _KIND, settings, counters, tensors)


def load_training(path: Path, settings: Mapping[str, Any], model: LanguageModel, optimizer: torch.optim.Optimizer) -> Position:
    """Put model, optimizer and random generators where `save_training` left them, and return the position.

    Args:
        path: the checkpoint file.
        settings: those of this run.
        model: a model of the same sizes.
        optimizer: its optimizer, of the same kind.

    Raises:
        MissingInputError: a file that is not a checkpoint of a training run, or is truncated.
        ForeignOutputError: a checkpoint made with other settings; each is named.
    """
    counters, tensors = load_checkpoint(path, _KIND, settings)
    model.load_state_dict(_below("model.", tensors))
    optimizer.load_state_dict({**optimizer.state_dict(), "state": _optimizer_state(tensors)})
    _set_generators(model, tensors)
    finished = tuple(Epoch(**epoch) for epoch in counters.pop("finished"))
    parts = [tensor.to(model.decoder.weight.device) for _, tensor in sorted(_below("state.", tensors).items())]
    state: State | None = None
    if parts:
        state = (parts[0], parts[1]) if len(parts) == 2 else parts[0]
    return Position(**{**counters, "finished": finished, "state": state})


def _parts(state: State | None) -> tuple[Tensor, ...]:
    if state is None:
        return ()
    return state if isinstance(state, tuple) else (state,)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _optimizer_state(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below("optimizer.", tensors).items():
        index, field_name = name.split(".", 1)
        state.setdefault(int(index), {})[field_name] = tensor
    return state


def _generator_states(model: LanguageModel) -> dict[str, Tensor]:
    states = {"generator.cpu": torch.get_rng_state()}
    device = model.decoder.weight.device
    if device.type == "cuda":
        states["generator.cuda"] = torch.cuda.get_rng_state(device)
    return states


def _set_generators(model: LanguageModel, tensors: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(tensors["generator.cpu"])
    if "generator.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["generator.cuda"], model.decoder.weight.device)
