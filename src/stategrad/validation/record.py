"""What a validation says: readings with what is expected of them, in checks."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Reading:
    """One number, and the range that it must lie in, ends included.

    Attributes:
        what: is measured, with its unit if it has one.
        measured: its value; NaN lies in no range.
        at_least: the lower end; None: no lower end.
        at_most: the upper end; None: no upper end.
    """

    what: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the number is where it must be."""
        low, high = (-math.inf if self.at_least is None else self.at_least), (math.inf if self.at_most is None else self.at_most)
        return bool(low <= self.measured <= high)

    @property
    def expected(self) -> str:
        """The range in words.

        >>> Reading("a share", 0.5, at_least=0.9, at_most=1.0).expected, Reading("an error", 0.1, at_most=1e-6).expected
        ('0.9 to 1', 'at most 1e-06')
        """
        if self.at_least is None:
            return "any number" if self.at_most is None else f"at most {self.at_most:.4g}"
        return f"at least {self.at_least:.4g}" if self.at_most is None else f"{self.at_least:.4g} to {self.at_most:.4g}"


@dataclass(frozen=True)
class Curve:
    """A measure against delay, for the page.

    Attributes:
        measure: its name.
        values: at delays 0, 1, ….
        held_until: the delay up to which the language needs the word.
    """

    measure: str
    values: tuple[float, ...]
    held_until: int


@dataclass(frozen=True)
class Check:
    """One thing of which the answer is known, and what was measured of it.

    Attributes:
        name: of the check.
        claim: what must hold, in a sentence.
        readings: the numbers that say whether it does.
        curves: what was measured against delay, where the claim is about delays.
        seconds: what it took.
    """

    name: str
    claim: str
    readings: tuple[Reading, ...]
    curves: tuple[Curve, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every reading is where it must be; a check without readings has shown nothing."""
        return bool(self.readings) and all(reading.passed for reading in self.readings)


@dataclass(frozen=True)
class Validation:
    """All checks that were made.

    Attributes:
        checks: in their order.
        versions: of the libraries whose numbers these are.
    """

    checks: tuple[Check, ...]
    versions: dict[str, str] = field(default_factory=lambda: {name: version(name) for name in ("stategrad", "torch", "numpy")})

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def to_dataframe(self) -> pd.DataFrame:
        """A row per reading: `check`, `what`, `expected`, `measured`, `at_least`, `at_most`, `passed`, `seconds` of its check."""
        rows = [
            {"check": check.name, "what": reading.what, "expected": reading.expected, "measured": reading.measured,
             "at_least": reading.at_least, "at_most": reading.at_most, "passed": reading.passed, "seconds": check.seconds}
            for check in self.checks
            for reading in check.readings
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def curves(self) -> pd.DataFrame:
        """A row per check, measure and delay: `check`, `measure`, `delay`, `value`, `held_until`."""
        rows = [
            (check.name, curve.measure, delay, value, curve.held_until)
            for check in self.checks
            for curve in check.curves
            for delay, value in enumerate(curve.values)
        ]
        return pd.DataFrame(rows, columns=["check", "measure", "delay", "value", "held_until"])

    def to_json(self) -> str:
        """Everything as JSON; a number that is none is null."""
        checks = [dataclasses.asdict(check) | {"passed": check.passed} for check in self.checks]
        plain = _finite({"passed": self.passed, "versions": self.versions, "checks": checks})
        return json.dumps(plain, ensure_ascii=False, indent=1, allow_nan=False)

    def __str__(self) -> str:
        width = max((len(reading.what) for check in self.checks for reading in check.readings), default=0)
        lines = []
        for check in self.checks:
            lines.append(f"{'passed' if check.passed else 'FAILED'}  {check.name} ({check.seconds:.1f} s): {check.claim}")
            for reading in check.readings:
                mark = " " if reading.passed else "!"
                lines.append(f"      {mark} {reading.what:<{width}}  {reading.measured:>10.4g}  expected {reading.expected}")
        passed = sum(check.passed for check in self.checks)
        lines.append(f"{passed} of {len(self.checks)} checks passed in {sum(check.seconds for check in self.checks):.0f} s.")
        return "\n".join(lines)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
