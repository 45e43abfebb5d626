"""How a measured number stands to a published one.

A number p that is printed with k decimals stands for everything in `p ± ½ 10^{-k}`, ends included: all that could have been
printed so. A measured interval agrees with it where the two have a point in common.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from stategrad.errors import InvalidInputError

Judgement = Literal["replicated", "consistent", "inconsistent", "undecided", "not comparable"]

EQUAL = "equal within print rounding"
INSIDE = "inside the interval"
OUTSIDE = "outside the interval"
NO_INTERVAL = "no interval to judge by"


@dataclass(frozen=True)
class Verdict:
    """How a measured number stands to a published one.

    Attributes:
        value: `replicated` (agrees, on the authors' files), `consistent` (agrees, on other data), `inconsistent`, `undecided`,
            `not comparable`.
        reason: one clause, without its full stop.
    """

    value: Judgement
    reason: str

    def __str__(self) -> str:
        """The value, with the reason in brackets where there is nothing to compare."""
        return f"{self.value} ({self.reason})" if self.value == "not comparable" else self.value


def printed_range(published: float, decimals: int) -> tuple[Decimal, Decimal]:
    """`p ± ½ 10^{-k}`: what a printed number stands for; exact, so that its ends belong to it.

    >>> [str(end) for end in printed_range(1.95, 2)], [float(end) for end in printed_range(70_000.0, -4)]
    (['1.945', '1.955'], [65000.0, 75000.0])
    """
    half = Decimal(5).scaleb(-decimals - 1)
    return Decimal(str(published)) - half, Decimal(str(published)) + half


def verdict(
    published: float,
    decimals: int,
    measured: float,
    low: float,
    high: float,
    same_data: bool,
    comparable: str | None,
    is_sample: bool = False,
) -> Verdict:
    """Judge a measured number against a published one.

    In this order:

    1. `comparable` gives a reason: not comparable.
    2. `measured` could have been printed as the published number: it agrees, "equal within print rounding". That holds without
       an interval, and where the interval, which is free of the bias of a noisy mean, leaves out the plain value; but not then in
       a sample of the positions, whose mean is noisier than the paper's, so that the two plain values are not alike.
    3. No interval: undecided.
    4. `[low, high]` and the printed range `p ± ½ 10^{-k}` have a point in common: it agrees. Else inconsistent.

    What agrees is replicated on the authors' own files and consistent on any others.

    Args:
        published: the number p.
        decimals: k, how many decimals it is printed with; −4 for a number given in ten thousands.
        measured: the number of this run, in the same unit; read only where `comparable` is None.
        low: lower end of its 95 % interval, NaN where there is none.
        high: upper end, NaN where there is none.
        same_data: whether the run read the authors' own files.
        comparable: None, or why the two cannot be compared, in one clause.
        is_sample: whether the measured value is of a mean over a sample of the text's positions.

    Raises:
        InvalidInputError: a published or a measured number that is not finite, or ends in the wrong order.

    >>> verdict(1.95, 2, 1.90, 1.85, 1.946, same_data=False, comparable=None)
    Verdict(value='consistent', reason='inside the interval')
    >>> print(verdict(1.95, 2, 1.90, 1.85, 1.946, same_data=False, comparable="another text"))
    not comparable (another text)
    """
    if comparable is not None:
        return Verdict("not comparable", comparable)
    for name, value in (("published", published), ("measured", measured)):
        if not math.isfinite(value):
            raise InvalidInputError(f"the {name} number is {value}; say in `comparable` why there is nothing to compare.")
    if low > high:
        raise InvalidInputError(f"the interval runs from {low} to {high}; give its lower end first.")
    least, most = printed_range(published, decimals)
    has_interval = not (math.isnan(low) or math.isnan(high))
    meets = has_interval and _exact(low) <= most and least <= _exact(high)
    if least <= _exact(measured) <= most and (meets or not (is_sample and has_interval)):
        return agreement(same_data, EQUAL)
    if not has_interval:
        return Verdict("undecided", NO_INTERVAL)
    if meets:
        return agreement(same_data, INSIDE)
    return Verdict("inconsistent", OUTSIDE)


def verdict_beyond(published: float, measured: float, same_data: bool, comparable: str | None) -> Verdict:
    """Judge a measured reach against a published "more than p": agrees above p, else undecided, since absence is not shown.

    Args:
        published: the bound p, which itself does not satisfy it.
        measured: the number of this run, such as the last delay at which memory is told from noise.
        same_data: whether the run read the authors' own files.
        comparable: None, or why the two cannot be compared, in one clause.

    >>> verdict_beyond(20.0, 21.0, same_data=True, comparable=None)
    Verdict(value='replicated', reason='above the published bound')
    >>> verdict_beyond(20.0, 20.0, same_data=True, comparable=None).value
    'undecided'
    """
    if comparable is not None:
        return Verdict("not comparable", comparable)
    if measured > published:
        return agreement(same_data, "above the published bound")
    return Verdict("undecided", f"not told from noise beyond {measured:g}")


def agreement(same_data: bool, reason: str) -> Verdict:
    """Replicated on the authors' own files, consistent on any others."""
    return Verdict("replicated" if same_data else "consistent", reason)


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))
