"""Language models on disk: tensors as safetensors, and the vocabulary as a text file beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from stategrad.errors import ForeignOutputError, MissingInputError, Problems
from stategrad.files import replacing, sha256_of_text, write_text
from stategrad.models.frozen import has_frozen_embeddings
from stategrad.models.language_model import Cell, LanguageModel, ModelConfig

_MODEL_FILE = "model.safetensors"
_VOCABULARY_FILE = "vocabulary.txt"
_EXPECTED = "a model has embedding.weight, decoder.weight, decoder.bias and the tensors of one lstm, gru or rnn"


def save_model(model: LanguageModel, vocabulary_words: Sequence[str], path: Path | str) -> Path:
    """Write a model and its vocabulary, and return the path of the tensors.

    The tensors keep the names of the model's `state_dict`; its settings, whether its embeddings are frozen, and the
    fingerprint of the vocabulary are JSON in their metadata. `vocabulary.txt` has a word per line, the line number, from 0,
    being its id.

    Args:
        model: the model.
        vocabulary_words: the word of each id.
        path: `X.safetensors`, or a folder, where the file is called `model.safetensors`. An older model there is
            replaced.

    Raises:
        InvalidInputError: a vocabulary of another size than the model's, a repeated word, or one that a line cannot
            hold.
        ForeignOutputError: a `vocabulary.txt` with other words beside it, which another model may need.
    """
    target = _tensor_path(Path(path))
    words = tuple(vocabulary_words)
    problems = Problems("the vocabulary")
    for fault in word_faults(words, model.config.vocabulary_size, "the vocabulary"):
        problems.add(fault)
    problems.raise_if_any()
    vocabulary = target.with_name(_VOCABULARY_FILE)
    text = "".join(f"{word}\n" for word in words)
    if vocabulary.exists() and vocabulary.read_bytes() != text.encode():
        raise ForeignOutputError(f"{vocabulary} exists with other words, and is left as it is; save the model in another folder.")
    write_text(vocabulary, text)
    settings = {
        "config": asdict(model.config),
        "vocabulary_sha256": sha256_of_text(*words),
        "frozen_embeddings": has_frozen_embeddings(model),
    }
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with replacing(target) as temporary:
        save_file(tensors, temporary, {"stategrad": json.dumps(settings)})
    return target


def load_model(path: Path | str) -> tuple[LanguageModel, tuple[str, ...]]:
    """Read a model and its words; the model is in evaluation mode, without dropout.

    Cell, sizes and layers are read off the names and shapes of the tensors, so that any file with tensors
    `embedding.weight`, `lstm.weight_ih_l0` (or `gru`, `rnn`) …, `decoder.weight`, `decoder.bias` will do. Dropout
    comes from the metadata, where there is any, and so does whether the embedding
    requires a gradient. Tensors of half precision are widened to float32.

    Args:
        path: `X.safetensors` with `vocabulary.txt` beside it, or a folder that holds both.

    Raises:
        MissingInputError: no such file, no vocabulary, or a file that is not safetensors, or truncated.
        InvalidInputError: tensors that are no language model's, do not fit each other or the vocabulary, or hold NaN
            or Inf; all faults are reported together.
    """
    target = existing_model(Path(path))
    vocabulary = target.with_name(_VOCABULARY_FILE)
    words = read_words(vocabulary)
    tensors, metadata = _read(target)
    settings = json.loads(metadata.get("stategrad", "{}"))
    config = _config(target, tensors, settings.get("config", {}))
    model = LanguageModel(config)
    problems = Problems(f"model {target}")
    for fault in _tensor_faults(target, tensors, model.state_dict()) + word_faults(words, config.vocabulary_size, str(vocabulary)):
        problems.add(fault)
    fingerprint = sha256_of_text(*words)
    if settings.get("vocabulary_sha256", fingerprint) != fingerprint:
        problems.add(f"{vocabulary} holds other words than {target.name} was saved with, or in another order; restore it")
    problems.raise_if_any()
    model.to(reduce(torch.promote_types, (tensor.dtype for tensor in tensors.values()), torch.float32))
    model.load_state_dict(tensors)
    model.embedding.weight.requires_grad_(not settings.get("frozen_embeddings", False))
    return model.eval(), words


def _tensor_path(path: Path) -> Path:
    return path if path.suffix == ".safetensors" else path / _MODEL_FILE


def existing_model(path: Path) -> Path:
    """The `.safetensors` file that a path names, or the one in a folder: `model.safetensors` of several, or that of a run.

    Raises:
        MissingInputError: none, or several; or a file of another kind.
    """
    if path.is_dir():
        for named in (path / _MODEL_FILE, path / "model" / _MODEL_FILE):
            if named.is_file():
                return named
        # a process killed while writing may have left a hidden part behind
        files = sorted(file for file in path.glob("*.safetensors") if not file.name.startswith("."))
        if len(files) != 1:
            found = ", ".join(file.name for file in files) or "none"
            raise MissingInputError(f"folder {path} should hold one .safetensors file, and holds {found}; name the file itself.")
        return files[0]
    if not path.is_file():
        raise MissingInputError(f"model {path} does not exist; give a .safetensors file, or a folder that holds one.")
    if path.suffix != ".safetensors":
        raise MissingInputError(f"model {path} is no .safetensors file; save its tensors by safetensors.torch.save_file.")
    return path


def _read(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise MissingInputError(f"{path} is not a safetensors file, or is truncated ({error}).") from error


def read_words(path: Path) -> tuple[str, ...]:
    """The words of a `vocabulary.txt`, one a line in the order of ids.

    Raises:
        MissingInputError: no such file, or one that is not UTF-8.
    """
    if not path.is_file():
        raise MissingInputError(f"vocabulary {path} does not exist; put the model's words there, one a line in the order of ids.")
    try:
        return tuple(path.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n"))
    except UnicodeDecodeError as error:
        raise MissingInputError(f"vocabulary {path} is not UTF-8 text ({error}); save it as UTF-8.") from error


def _config(path: Path, tensors: Mapping[str, Tensor], saved: Mapping[str, Any]) -> ModelConfig:
    """The settings that the tensors imply; dropout and initial range, which they do not show, are those of `saved`."""
    cells = [cell for cell in get_args(Cell) if f"{cell}.weight_hh_l0" in tensors]
    needed = ["embedding.weight", f"{cells[0] if len(cells) == 1 else 'lstm'}.weight_hh_l0"]
    problems = Problems(f"model {path}")
    if len(cells) > 1:
        problems.add(f"{path.name} has recurrent layers of several kinds ({', '.join(cells)}); give a model with one")
    for name in needed:
        if name not in tensors:
            problems.add(f"{path.name} has no tensor {name}; {_EXPECTED}")
        elif tensors[name].ndim != 2:
            problems.add(f"{name} in {path.name} has {tensors[name].ndim} dimensions, not 2; {_EXPECTED}")
    problems.raise_if_any()
    vocabulary_size, embedding_size = tensors[needed[0]].shape
    layers = [name for name in tensors if name.startswith(f"{cells[0]}.weight_hh_l")]
    return ModelConfig(
        vocabulary_size=vocabulary_size,
        cell=cells[0],
        embedding_size=embedding_size,
        hidden_size=tensors[needed[1]].shape[1],
        layers=len(layers),
        **{name: saved[name] for name in ("output_dropout", "input_dropout", "init_range") if name in saved},
    )


def _tensor_faults(path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    faults = [f"{path.name} has no tensor {name}; {_EXPECTED}" for name in expected if name not in tensors]
    unknown = [name for name in tensors if name not in expected]
    if unknown:
        faults.append(f"{path.name} has tensors that are unknown here ({', '.join(unknown)}); {_EXPECTED}")
    for name, tensor in tensors.items():
        if name not in expected:
            continue
        shape = tuple(expected[name].shape)
        if tuple(tensor.shape) != shape:
            faults.append(f"{name} in {path.name} has shape {tuple(tensor.shape)}, where the other tensors ask for {shape}")
        if not tensor.is_floating_point():
            faults.append(f"{name} in {path.name} holds {tensor.dtype}; give floating-point weights")
        elif not tensor.isfinite().all():
            nan, inf = int(tensor.isnan().sum()), int(tensor.isinf().sum())
            faults.append(f"{name} in {path.name} holds {nan} NaN and {inf} Inf; give a model whose training did not diverge")
    return faults


def word_faults(words: Sequence[str], vocabulary_size: int, name: str) -> list[str]:
    """What is wrong with the words of a model, a sentence per fault: their number, words that stand twice, or hold a line end.

    Args:
        words: the word of each id.
        vocabulary_size: how many the model has.
        name: of the words, or the file that they are from.
    """
    faults = []
    if len(words) != vocabulary_size:
        faults.append(f"{name} has {len(words):,} words and the model {vocabulary_size:,} embeddings; give one word for each")
    twice = [word for word, count in Counter(words).items() if count > 1]
    if twice:
        first, second = [number for number, word in enumerate(words) if word == twice[0]][:2]
        lines = f"ids {first} and {second}, lines {first + 1} and {second + 1}"
        faults.append(f"{name} has the word '{twice[0]}' more than once ({lines}); give every id a word of its own")
    broken = [number for number, word in enumerate(words) if not word or "\n" in word or "\r" in word]
    if broken:
        faults.append(
            f"{name} has {words[broken[0]]!r} as word {broken[0]} (line {broken[0] + 1}); a word is one line, and not empty"
        )
    return faults
