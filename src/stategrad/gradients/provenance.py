"""Where a result comes from, as JSON."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import nn

from stategrad.gradients.streams import Streams

LIBRARIES = ("stategrad", "torch", "numpy", "xarray")


def provenance_of(model: Any, inputs: Any, streams: Streams, **settings: Any) -> dict[str, Any]:
    """The versions, the hashes of model and inputs, and the settings of an analysis, ready for JSON."""
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "model": {"kind": type(model).__name__, "sha256": model_hash(model)},
        "inputs": {"name": getattr(inputs, "name", None), "sha256": inputs_hash(streams)},
        "settings": settings,
    }


def model_hash(model: Any) -> str | None:
    """The SHA-256 of all weights with their names; None for what is not a module, and may hold anything."""
    if not isinstance(model, nn.Module):
        return None
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().to(torch.float64).numpy()).tobytes())
    return digest.hexdigest()


def inputs_hash(streams: Streams) -> str:
    """The SHA-256 of all streams with their lengths."""
    digest = hashlib.sha256()
    for tensor in streams.tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()
