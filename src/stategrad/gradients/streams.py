"""The inputs of an analysis as streams: independent sequences in which the state flows without a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stategrad.cells.network import Network
from stategrad.errors import InvalidInputError


@dataclass(frozen=True)
class Streams:
    """One tensor per stream, ids (time,) or vectors (time, E), and where each lies in the text as a whole.

    Positions are counted through all streams in their order: position `starts[s] + t` is step t of stream s.
    """

    tensors: tuple[Tensor, ...]
    network: Network

    @property
    def lengths(self) -> np.ndarray:
        """Steps per stream."""
        return np.array([len(tensor) for tensor in self.tensors], dtype=np.int64)

    @property
    def starts(self) -> np.ndarray:
        """The first position of each stream."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    @property
    def size(self) -> int:
        """Positions in all streams together."""
        return int(self.lengths.sum())

    @property
    def remaining(self) -> np.ndarray:
        """For every position, how many delays fit between it and the end of its stream."""
        return np.concatenate([np.arange(length, 0, -1) for length in self.lengths])

    def vectors(self, stream: int, start: int, stop: int) -> Tensor:
        """The input vectors of steps `start` to `stop` (exclusive, cut at the stream's end), shape (time, E)."""
        part = self.tensors[stream][start:stop]
        if self.network.embed is not None and not part.is_floating_point():
            part = self.network.embed(part).detach()
        part = part.to(self.network.device, self.network.dtype)
        if not torch.isfinite(part).all():
            step = start + int((~torch.isfinite(part)).any(dim=1).nonzero()[0, 0])
            raise InvalidInputError(f"inputs hold NaN or infinity at step {step} of stream {stream}; remove or replace it.")
        return part


def streams_of(inputs: Any, network: Network, what: str = "inputs") -> Streams:
    """Read `inputs` as streams.

    Args:
        inputs: ids (time,) or (stream, time); vectors (time, E) or (stream, time, E); a sequence of such streams of unequal
            lengths; anything with `streams`, such as a `Corpus`.
        network: the model's, which says whether ids can be read.
        what: they are called in errors.

    Raises:
        InvalidInputError: no inputs, or none of numbers; ids for a model without embeddings or outside its vocabulary; vectors of
            another size.
    """
    tensors = _tensors_of(inputs, what)
    for number, tensor in enumerate(tensors):
        _check_stream(number, tensor, network)
    return Streams(tuple(tensors), network)


def vector_size(inputs: Any) -> int | None:
    """E, the length of the vectors that `inputs` hold; None where they hold ids."""
    first = _tensors_of(inputs, "inputs")[0]
    return int(first.shape[-1]) if first.is_floating_point() and first.ndim > 1 else None


def _tensors_of(inputs: Any, what: str) -> list[Tensor]:
    """A tensor per stream, each of at least one step."""
    inputs = getattr(inputs, "streams", inputs)
    if isinstance(inputs, Sequence) and not isinstance(inputs, str):
        tensors = [_tensor_of(stream, what) for stream in inputs]
        if tensors and all(tensor.ndim == 0 for tensor in tensors):
            tensors = [_tensor_of(inputs, what)]
    else:
        tensor = _tensor_of(inputs, what)
        batched = tensor.ndim == (3 if tensor.is_floating_point() else 2)
        tensors = list(tensor) if batched else [tensor]
    if not tensors or any(tensor.ndim == 0 or len(tensor) == 0 for tensor in tensors):
        empty = sum(tensor.ndim == 0 or len(tensor) == 0 for tensor in tensors)
        held = f"{empty} of {len(tensors)} streams without a step" if tensors else "no stream"
        raise InvalidInputError(f"{what} hold {held}; give at least one step each.")
    return tensors


def _tensor_of(values: Any, what: str) -> Tensor:
    try:
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError):
        tensor = None
    if tensor is None or tensor.is_complex():
        kind = type(values).__name__ if tensor is None else str(tensor.dtype)
        if hasattr(values, "valid") and hasattr(values, "train"):
            raise InvalidInputError(f"{what} are a whole corpus in its parts ({kind}); give one of them, such as corpus.valid.")
        raise InvalidInputError(f"{what} hold a {kind}; give ids, or vectors of numbers: tensors, arrays, or lists of them.")
    return tensor


def _check_stream(number: int, stream: Tensor, network: Network) -> None:
    size = network.embedding_size
    if stream.is_floating_point():
        if stream.ndim != 2 or stream.shape[1] != size:
            ids = "" if network.embed is None else ", or ids, whole numbers of shape (time,)"
            raise InvalidInputError(
                f"stream {number} holds floats of shape {tuple(stream.shape)}; the model reads vectors of shape (time, {size})"
                f"{ids}."
            )
        return
    if network.embed is None:
        raise InvalidInputError(
            f"stream {number} holds integers and the model has no embeddings; pass vectors of shape (time, {size}) as floats."
        )
    if stream.ndim != 1 or stream.dtype == torch.bool:
        raise InvalidInputError(
            f"stream {number} has shape {tuple(stream.shape)} and type {stream.dtype}; ids are integers of shape (time,)."
        )
    words = network.vocabulary_size
    low, high = int(stream.min()), int(stream.max())
    if low < 0 or (words is not None and high >= words):
        raise InvalidInputError(f"stream {number} holds ids from {low} to {high}; the model knows ids 0 to {(words or 0) - 1}.")
