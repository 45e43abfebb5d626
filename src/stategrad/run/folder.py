"""The folder of a run: where everything lies, what made it, and whether it still holds.

config.yaml manifest.json model/ gradients/*.nc measures/*.csv figures/ tables/ report.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from stategrad.errors import ForeignOutputError, InvalidInputError, MissingInputError
from stategrad.files import sha256_of_text, write_bytes, write_text


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run, its settings and its manifest."""

    path: Path

    @property
    def config_path(self) -> Path:
        """The resolved settings, `config.yaml`."""
        return self.path / "config.yaml"

    @property
    def manifest_path(self) -> Path:
        """What each stage read, wrote and counted, `manifest.json`."""
        return self.path / "manifest.json"

    @property
    def model_path(self) -> Path:
        """The language model's tensors; `vocabulary.txt` lies beside them."""
        return self.path / "model" / "model.safetensors"

    def gradients_path(self, state: str) -> Path:
        """The state gradients of one state."""
        return self.path / "gradients" / f"{state}.nc"

    def sums_path(self, fingerprint: str) -> Path:
        """The sums of the unfinished analysis with this fingerprint; those of others, which nobody will finish, are removed."""
        path = self.path / "gradients" / f"sums-{fingerprint[:12]}.safetensors"
        for other in path.parent.glob("sums-*.safetensors"):
            if other != path:
                other.unlink()
        return path

    def measures_path(self, name: str) -> Path:
        """A tidy table of measures."""
        return self.path / "measures" / f"{name}.csv"

    def write_measures(self, name: str, frame: pd.DataFrame) -> Path:
        """Write a tidy table of measures, whole or not at all; numbers keep the digits that tell them apart."""
        path = self.measures_path(name)
        write_text(path, frame.to_csv(index=False))
        return path

    def read_measures(self, name: str) -> pd.DataFrame:
        """A tidy table of measures; labels are text, an empty one stays empty."""
        frame = pd.read_csv(self.measures_path(name), keep_default_na=False, na_values=["NaN", ""])
        labels = [label for label in ("rule", "note") if label in frame]
        return frame.assign(**{label: frame[label].astype(object).where(frame[label].notna(), "").astype(str) for label in labels})

    def manifest(self) -> dict[str, Any]:
        """The manifest, or an empty one where nothing has run yet.

        Raises:
            InvalidInputError: a manifest that cannot be read.
        """
        if not self.manifest_path.is_file():
            return {"stages": {}, "facts": {}}
        try:
            manifest: dict[str, Any] = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InvalidInputError(f"{self.manifest_path} is damaged ({error}); delete the folder and run again.") from error
        if not isinstance(manifest, dict) or not all(isinstance(manifest.get(part), dict) for part in ("stages", "facts")):
            raise InvalidInputError(f"{self.manifest_path} is no manifest of a run; delete the folder and run again.")
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest."""
        write_text(self.manifest_path, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")

    def config(self) -> dict[str, Any]:
        """The settings that the folder was made with.

        Raises:
            MissingInputError: not the folder of a run.
            InvalidInputError: settings that cannot be read.
        """
        if not self.config_path.is_file():
            raise MissingInputError(f"{self.path} is not the folder of a run: it has no config.yaml; `stategrad run` makes one.")
        try:
            settings: dict[str, Any] = yaml.safe_load(self.config_path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise InvalidInputError(f"{self.config_path} is damaged ({reason}); delete the folder and run again.") from error
        if not isinstance(settings, dict):
            raise InvalidInputError(f"{self.config_path} holds no settings; delete the folder and run again.")
        return settings

    def claim(self, settings: dict[str, Any], identity: tuple[str, ...], defaults: dict[str, Any]) -> None:
        """Make the folder this run's and write its settings, or refuse a folder that is something else's.

        Args:
            settings: of this run, nested.
            identity: the sections that make it this run; a folder in which one of them differs belongs to another run.
            defaults: what settings are that the folder does not name, since they came after it was made.

        Raises:
            ForeignOutputError: a folder of another run, or one with files of something else.
        """
        if self.config_path.is_file():
            there = self.config()
            completed = {section: _completed(there.get(section, defaults[section]), defaults[section]) for section in identity}
            differing = [line for section in identity for line in _differences(section, completed[section], settings.get(section))]
            if differing:
                raise ForeignOutputError(
                    f"{self.path} holds another run ({'; '.join(differing)}); give another --out, or delete that folder."
                )
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ForeignOutputError(f"{self.path} exists and is not the folder of a run; give another --out.")
        write_text(self.config_path, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))

    def is_current(self, stage: str, fingerprint: str) -> bool:
        """Whether a stage has run with these very inputs and all that it wrote is still there."""
        record = self.manifest()["stages"].get(stage)
        return (
            record is not None
            and record["fingerprint"] == fingerprint
            and all((self.path / name).exists() for name in record["outputs"])
        )

    def forget(self, stage: str) -> None:
        """Let a stage run again although its inputs have not changed."""
        manifest = self.manifest()
        if stage in manifest["stages"]:
            manifest["stages"][stage]["fingerprint"] = ""
            self.write_manifest(manifest)

    def borrow(self, stage: str, other: RunFolder, fingerprint: str) -> bool:
        """Copy what a stage of another run wrote and noted, where it read the same as it does here; whether it was copied."""
        if self.is_current(stage, fingerprint) or not other.is_current(stage, fingerprint):
            return False
        lent, manifest = other.manifest(), self.manifest()
        record = lent["stages"][stage]
        for name in record["outputs"]:
            write_bytes(self.path / name, (other.path / name).read_bytes())
        manifest["stages"][stage] = record
        manifest["facts"] |= {name: lent["facts"][name] for name in record["facts"]}
        self.write_manifest(manifest)
        return True

    @contextmanager
    def recording(self, stage: str, fingerprint: str) -> Iterator[StageRecord]:
        """Run a stage; when it ends well, note its fingerprint, outputs, facts and duration in the manifest.

        Files that the stage wrote when it ran before, and not now, are removed: those of a state that is no longer followed.
        """
        record = StageRecord(fingerprint, [], {})
        start = time.perf_counter()
        yield record
        manifest = self.manifest()
        outputs = [str(path.relative_to(self.path)) for path in record.outputs]
        for name in set(manifest["stages"].get(stage, {}).get("outputs", [])) - set(outputs):
            self._remove(name)
        manifest["stages"][stage] = {
            "fingerprint": fingerprint,
            "outputs": outputs,
            "seconds": round(time.perf_counter() - start, 1),
            "facts": sorted(record.facts),
        }
        manifest["facts"] |= record.facts
        self.write_manifest(manifest)

    def _remove(self, output: str) -> None:
        """Remove a file of this folder; whatever else a manifest may name is left alone."""
        path = (self.path / output).resolve()
        if path.is_file() and self.path.resolve() in path.parents:
            path.unlink()


@dataclass(frozen=True)
class StageRecord:
    """What a stage leaves: the files it wrote, and facts for the report; `fingerprint` is the hash of all that it reads."""

    fingerprint: str
    outputs: list[Path]
    facts: dict[str, Any]


def fingerprint_of(*parts: Any) -> str:
    """The hash of settings and of the fingerprints of what a stage reads."""
    return sha256_of_text(*(json.dumps(part, sort_keys=True) for part in parts))


def _completed(there: Any, defaults: Any) -> Any:
    """A section with the settings that it lacks."""
    return defaults | there if isinstance(there, dict) and isinstance(defaults, dict) else there


def _differences(name: str, there: Any, here: Any) -> list[str]:
    """Sentences that name each setting in which two sections differ."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [*there, *(key for key in here if key not in there)]
        return [line for key in keys for line in _differences(f"{name}.{key}", there.get(key), here.get(key))]
    return [] if there == here else [f"{name} is {there}, not {here}"]
