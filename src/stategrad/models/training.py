"""Training by the paper's recipe: truncated backpropagation over parallel streams, the state carried over."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from stategrad.checkpoint import fingerprint
from stategrad.errors import InvalidInputError, Problems, suggestion
from stategrad.interrupts import held_interrupts
from stategrad.models.history import Epoch, TrainingHistory
from stategrad.models.language_model import LanguageModel
from stategrad.models.loss import summed_loss
from stategrad.models.perplexity import check_streams, exp_of_mean, perplexity
from stategrad.models.training_state import Position, load_training, save_training
from stategrad.processor import multiplies_bfloat16

__all__ = ["Epoch", "TrainingConfig", "TrainingHistory", "train"]

_CHOICES = {
    "schedule": Literal["paper", "linear"],
    "optimizer": Literal["sgd", "adam"],
    "precision": Literal["float32", "bfloat16"],
}


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the defaults are the paper's recipe (its section 3.1).

    Attributes:
        epochs: passes over the training text.
        learning_rate: of the first epochs.
        schedule: `paper` multiplies the learning rate by `decay` in every epoch after the first `constant_epochs`;
            `linear` lets it fall in a straight line over all updates, to zero after the last: better where there is
            time for a few epochs only.
        constant_epochs: epochs at the full learning rate, in schedule `paper`.
        decay: factor per epoch after those, in schedule `paper`.
        clip: the norm of the gradient over all trained weights is scaled down to this where it is larger. The loss
            behind it is summed over the steps and averaged over the streams of a batch.
        batch_size: streams trained side by side.
        steps: steps of truncated backpropagation, the words of a stream in one update.
        optimizer: `sgd`, or `adam` with PyTorch's other defaults.
        precision: `bfloat16` multiplies matrices in bfloat16 (autocast) and keeps float32 weights: faster on
            processors with matrix units for it, slower on others. Without any product of that format it is float32.
        seed: of the dropout masks.
        checkpoint_minutes: a checkpoint is written when this much time has passed since the last, and after every
            epoch; 0 writes one after every update.
    """

    epochs: int = 39
    learning_rate: float = 1.0
    schedule: Literal["paper", "linear"] = "paper"
    constant_epochs: int = 6
    decay: float = 0.8
    clip: float = 5.0
    batch_size: int = 20
    steps: int = 50
    optimizer: Literal["sgd", "adam"] = "sgd"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0
    checkpoint_minutes: float = 5.0

    def __post_init__(self) -> None:
        problems = Problems("the training settings")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                problems.add(f"unknown {name} '{getattr(self, name)}': {suggestion(getattr(self, name), get_args(choices))}")
        for name in ("epochs", "batch_size", "steps"):
            if getattr(self, name) < 1:
                problems.add(f"{name} is {getattr(self, name)}; give at least 1")
        for name in ("learning_rate", "decay", "clip"):
            if not getattr(self, name) > 0:
                problems.add(f"{name} is {getattr(self, name)}; give a number above 0")
        for name in ("constant_epochs", "checkpoint_minutes"):
            if not getattr(self, name) >= 0:
                problems.add(f"{name} is {getattr(self, name)}; give 0 or more")
        problems.raise_if_any()

    def rate(self, epoch: int, step: int, steps_per_epoch: int) -> float:
        """The learning rate of one update; `epoch` and `step` count from 0.

        >>> [round(TrainingConfig().rate(epoch, 0, 100), 2) for epoch in (0, 5, 6, 7)]
        [1.0, 1.0, 0.8, 0.64]
        """
        if self.schedule == "linear":
            return self.learning_rate * (1 - (epoch + step / steps_per_epoch) / self.epochs)
        return self.learning_rate * self.decay ** max(0, epoch + 1 - self.constant_epochs)


def train(
    model: LanguageModel,
    train_streams: Sequence[Int[np.ndarray, " _"]],
    valid_streams: Sequence[Int[np.ndarray, " _"]],
    config: TrainingConfig,
    *,
    checkpoint_path: Path | str | None = None,
    resume: bool = True,
    show_progress: bool = True,
) -> TrainingHistory:
    """Train `model` in place on the loss `Σ_t −ln p(w_{t+1} | w_1 … w_t)`, summed over steps, averaged over streams.

    The training streams are joined in their order and cut into `config.batch_size` rows of equal length; what is left
    over at the end, fewer words than there are rows, is not used. Rows are read side by side, `config.steps` words at
    a time, the state carried over from one update to the next, across the borders of documents too, and set to zero
    at the start of an epoch. Weights that do not require a gradient, such as frozen embeddings, stay as they are and
    do not count in the norm.

    Resumed from its checkpoint, a run ends with the same weights, bit for bit, as one that was never interrupted. Ctrl-C
    writes one after the update that it falls into; a second stops at once. The global random generator is left as it was.

    Args:
        model: a model; only its weights change.
        train_streams: word ids, an array per stream.
        valid_streams: word ids for the perplexity after each epoch; the state starts anew in each stream.
        config: the recipe.
        checkpoint_path: a safetensors file to write checkpoints to; None for no checkpoints.
        resume: go on from `checkpoint_path` if it exists; False starts over and replaces it.
        show_progress: show a bar with the epoch, the perplexity so far and the time left.

    Raises:
        InvalidInputError: a text too short for one update, ids outside the vocabulary, a model without weights to
            train, or a loss that is not a number.
        MissingInputError: a checkpoint that is truncated or no checkpoint.
        ForeignOutputError: a checkpoint made with other settings, weights or texts.
    """
    rows = _rows(model, train_streams, config)
    check_streams(model, valid_streams)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InvalidInputError("every weight of the model is frozen; set requires_grad on those that are to be trained.")
    if config.precision == "bfloat16" and not multiplies_bfloat16(rows.device):
        warnings.warn("this processor has no products of bfloat16 matrices: training is in float32.", RuntimeWarning, stacklevel=2)
    run = _Run(model, rows, config)
    path = None if checkpoint_path is None else Path(checkpoint_path)
    settings = {} if path is None else _settings(run, valid_streams)
    position = Position()
    with _training_mode(model, config.seed):
        if path is not None and resume and path.exists():
            position = load_training(path, settings, model, run.optimizer)
        done = position.epoch * run.updates + position.step
        with (
            tqdm(total=config.epochs * run.updates, initial=done, unit="update", disable=not show_progress) as bar,
            held_interrupts() as interrupted,
        ):
            saved = time.monotonic()
            while position.epoch < config.epochs:
                position = run.update(position)
                bar.set_description(f"epoch {position.epoch + 1}/{config.epochs}", refresh=False)
                bar.set_postfix(perplexity=f"{exp_of_mean(position.loss, position.words):.1f}", refresh=False)
                bar.update()
                ended = position.step == run.updates
                if ended:
                    position = run.end_epoch(position, valid_streams)
                is_due = ended or interrupted() or time.monotonic() - saved >= 60 * config.checkpoint_minutes
                if path is not None and is_due:
                    save_training(path, settings, position, model, run.optimizer)
                    saved = time.monotonic()
                if interrupted():
                    raise KeyboardInterrupt
    return TrainingHistory(position.finished)


class _Run:
    """What stays the same from one update to the next: the model, its optimizer, the text in rows, the recipe."""

    def __init__(self, model: LanguageModel, rows: Int[Tensor, "time stream"], config: TrainingConfig) -> None:
        self.model = model
        self.rows = rows
        self.config = config
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[config.optimizer]
        self.optimizer: torch.optim.Optimizer = kind(self.trained, lr=config.learning_rate)
        self.updates = math.ceil((len(rows) - 1) / config.steps)

    def update(self, position: Position) -> Position:
        """One step of truncated backpropagation, from `position` to the position after it."""
        began = time.monotonic()
        model, config = self.model, self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate(position.epoch, position.step, self.updates)
        start = position.step * config.steps
        words = self.rows[start : start + config.steps + 1]
        rounded = config.precision == "bfloat16" and multiplies_bfloat16(words.device)
        with torch.autocast(words.device.type, torch.bfloat16, enabled=rounded):
            outputs, state = model.encode(words[:-1], position.state)
            total = summed_loss(outputs, model.decoder, words[1:])
        loss = total.item()
        self._check_finite("loss", loss, position)
        self.optimizer.zero_grad()
        torch.autograd.backward(total / config.batch_size)
        self._check_finite("norm of the gradient", nn.utils.clip_grad_norm_(self.trained, config.clip).item(), position)
        self.optimizer.step()
        return replace(
            position,
            step=position.step + 1,
            loss=position.loss + loss,
            words=position.words + words[1:].numel(),
            seconds=position.seconds + time.monotonic() - began,
            state=(state[0].detach(), state[1].detach()) if isinstance(state, tuple) else state.detach(),
        )

    def end_epoch(self, position: Position, valid_streams: Sequence[Int[np.ndarray, " _"]]) -> Position:
        """The start of the next epoch, with the record of the one that ends at `position`."""
        began = time.monotonic()
        valid_perplexity = perplexity(self.model, valid_streams)
        epoch = Epoch(
            epoch=position.epoch + 1,
            learning_rate=self.config.rate(position.epoch, 0, self.updates),
            train_perplexity=exp_of_mean(position.loss, position.words),
            valid_perplexity=valid_perplexity,
            seconds=position.seconds + time.monotonic() - began,
        )
        return Position(epoch=position.epoch + 1, finished=(*position.finished, epoch))

    def _check_finite(self, what: str, value: float, position: Position) -> None:
        if not math.isfinite(value):
            config = self.config
            raise InvalidInputError(
                f"the {what} is {value} in epoch {position.epoch + 1} of {config.epochs}, update {position.step + 1} "
                f"of {self.updates}; lower learning_rate (now {config.learning_rate}) or clip (now {config.clip})."
            )


def _rows(model: LanguageModel, streams: Sequence[Int[np.ndarray, " _"]], config: TrainingConfig) -> Int[Tensor, "time stream"]:
    size = sum(len(stream) for stream in streams)
    length = size // config.batch_size
    if length < 2:
        raise InvalidInputError(
            f"the training text has {size} words, fewer than 2 for each of batch_size = {config.batch_size} rows; give "
            "more text or a smaller batch_size."
        )
    check_streams(model, streams)
    joined = np.concatenate(streams)[: length * config.batch_size].astype(np.int64)
    return torch.from_numpy(joined).view(config.batch_size, length).T.contiguous().to(model.decoder.weight.device)


def _settings(run: _Run, valid_streams: Sequence[Int[np.ndarray, " _"]]) -> dict[str, Any]:
    """All that the course of a run depends on but its initial weights, which a checkpoint replaces."""
    frozen = [weight.detach().cpu().numpy() for weight in run.model.parameters() if not weight.requires_grad]
    settings = asdict(run.config) | asdict(run.model.config)
    del settings["checkpoint_minutes"]
    return settings | {
        "training_text": fingerprint(run.rows.cpu().numpy()),
        "validation_text": fingerprint(*(stream.astype(np.int64) for stream in valid_streams)),
        "frozen_weights": fingerprint(*frozen),
    }


@contextmanager
def _training_mode(model: LanguageModel, seed: int) -> Iterator[None]:
    """Dropout on and drawn from `seed`; the model's mode and the global random generator are restored on leaving."""
    device = model.decoder.weight.device
    training = model.training
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        model.train()
        try:
            yield
        finally:
            model.train(training)
