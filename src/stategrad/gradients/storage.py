"""Results as netCDF-4 files: named dimensions, readable from R, Julia and MATLAB, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import xarray as xr

from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.files import replacing
from stategrad.models.embeddings import Embeddings

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

FORMAT = "stategrad 1"
ARRAYS = ("mean", "count", "population", "block_mean", "block_count")
OPTIONAL = ("second_moment", "block_second_moment", "whitening", "state_sd", "covered")


def save(result: StateGradients, path: Path, block_dtype: str) -> None:
    """Write every field of the result; blocks in `block_dtype`, embeddings as vectors, words and counts per class."""
    arrays = {name: getattr(result, name) for name in (*ARRAYS, *OPTIONAL) if getattr(result, name) is not None}
    dataset = xr.Dataset(arrays)
    if result.embeddings is not None:
        dataset = dataset.merge(_embeddings_to_dataset(result.embeddings))
    dataset.attrs = {"format": FORMAT, "provenance": result.provenance}
    encoding = {name: {"dtype": block_dtype} for name in ("block_mean", "block_second_moment") if name in arrays}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def load(path: Path) -> dict[str, Any]:
    """The fields of the result in a file.

    Raises:
        MissingInputError: no such file.
        InvalidInputError: a truncated file, or one that holds something else.
    """
    dataset = read_dataset(path, FORMAT)
    fields: dict[str, Any] = {name: dataset[name].reset_coords(drop=True) for name in ARRAYS}
    fields |= {name: dataset[name].reset_coords(drop=True) if name in dataset else None for name in OPTIONAL}
    fields["embeddings"] = _embeddings_from_dataset(dataset) if "embeddings" in dataset else None
    fields["provenance"] = dataset.attrs["provenance"]
    return fields


def read_dataset(path: Path, form: str) -> xr.Dataset:
    """A whole netCDF-4 file of stategrad's, in memory.

    Args:
        path: of the file.
        form: the format that it must hold, as its attribute `format` says.

    Raises:
        MissingInputError: no such file.
        InvalidInputError: a truncated file, or one that holds something else.
    """
    if not path.is_file():
        raise MissingInputError(f"there is no result at {path}; `stategrad gradients` makes one.")
    if not h5py.is_hdf5(path):
        raise InvalidInputError(f"{path} is not a netCDF-4 file; expected a result written by stategrad.")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as lazy:
            dataset = lazy.load()
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error}); it is damaged or cut short: delete it and compute it again, as the same command "
            "does in the folder of a run."
        ) from error
    if dataset.attrs.get("format") != form:
        raise InvalidInputError(f"{path} is not a result of stategrad (format '{dataset.attrs.get('format')}', expected '{form}').")
    return dataset


def _embeddings_to_dataset(embeddings: Embeddings) -> xr.Dataset:
    counts = [np.bincount(rows, minlength=len(embeddings.words)) for rows in embeddings.classes.values()]
    variables: dict[str, Any] = {"embeddings": (("word", "embedding"), embeddings.vectors)}
    if embeddings.frequencies is not None:
        variables["frequencies"] = (("word",), embeddings.frequencies)
    if counts:
        variables["class_types"] = (("class", "word"), np.array(counts, dtype=np.int16))
    coords = {
        "word": np.array(embeddings.words, dtype=object),
        "class": np.array(list(embeddings.classes), dtype=object),
    }
    return xr.Dataset(variables, {name: coords[name] for name in coords if counts or name == "word"})


def _embeddings_from_dataset(dataset: xr.Dataset) -> Embeddings:
    classes: dict[str, tuple[int, ...]] = {}
    if "class_types" in dataset:
        rows = np.arange(dataset.sizes["word"])
        for label, counts in zip(dataset["class"].values, dataset["class_types"].values, strict=True):
            classes[str(label)] = tuple(np.repeat(rows, counts).tolist())
    frequencies = dataset["frequencies"].values if "frequencies" in dataset else None
    return Embeddings(dataset["embeddings"].values, tuple(map(str, dataset["word"].values)), classes, frequencies)
