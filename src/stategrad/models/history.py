"""What training reports, epoch by epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import pandas as pd


@dataclass(frozen=True)
class Epoch:
    """One pass over the training text.

    Attributes:
        epoch: its number, from 1.
        learning_rate: of its first update.
        train_perplexity: base e, of the training text as it was met: with dropout, while the weights moved.
        valid_perplexity: base e, of the validation text after the epoch, without dropout.
        seconds: spent on it, validation included, over all runs that it took.
    """

    epoch: int
    learning_rate: float
    train_perplexity: float
    valid_perplexity: float
    seconds: float


@dataclass(frozen=True)
class TrainingHistory:
    """The epochs of a training run, in order.

    Attributes:
        epochs: a record per epoch.
    """

    epochs: tuple[Epoch, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row per epoch, a column per field of `Epoch`."""
        return pd.DataFrame([asdict(epoch) for epoch in self.epochs], columns=[field.name for field in fields(Epoch)])
