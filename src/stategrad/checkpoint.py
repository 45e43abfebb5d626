"""Checkpoints of long computations: tensors as safetensors, settings and counters as JSON, for one computation only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from stategrad.errors import ForeignOutputError, MissingInputError
from stategrad.files import replacing


def save_checkpoint(
    path: Path, kind: str, settings: Mapping[str, Any], counters: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Write a checkpoint, whole or not at all; an older one at `path` is replaced.

    Args:
        path: the file.
        kind: of the computation, in words: "a training run".
        settings: what the computation depends on, all of it JSON; `load_checkpoint` refuses to go on under others.
        counters: where the computation stands, all of it JSON.
        tensors: what it has computed.
    """
    metadata = {"stategrad": f"checkpoint of {kind}", "settings": json.dumps(settings), "counters": json.dumps(counters)}
    with replacing(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata)


def load_checkpoint(path: Path, kind: str, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The counters and the tensors of a checkpoint.

    Raises:
        MissingInputError: a file that is not a checkpoint of this kind, or is truncated.
        ForeignOutputError: a checkpoint made with other settings; each is named.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            # a copy, since the file is about to be replaced while its tensors are in use
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise MissingInputError(
            f"checkpoint {path} is not a safetensors file, or is truncated ({error}); delete it, or pass resume=False."
        ) from error
    if metadata.get("stategrad") != f"checkpoint of {kind}":
        raise MissingInputError(
            f"{path} is not a checkpoint of {kind}; give another checkpoint_path, or pass resume=False to replace it."
        )
    theirs = json.loads(metadata["settings"])
    names = [*theirs, *(name for name in settings if name not in theirs)]
    ours = json.loads(json.dumps(settings))
    different = [f"{name} = {theirs.get(name)!r}, not {ours.get(name)!r}" for name in names if theirs.get(name) != ours.get(name)]
    if different:
        raise ForeignOutputError(
            f"checkpoint {path} was made with {'; '.join(different)}: give another checkpoint_path, or pass "
            "resume=False to start over and replace it."
        )
    counters: dict[str, Any] = json.loads(metadata["counters"])
    return counters, tensors


def fingerprint(*arrays: np.ndarray) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
