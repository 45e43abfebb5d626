"""Numbers in sentences."""

from __future__ import annotations

import pandas as pd


def near(delays: pd.Index, wanted: int) -> int:
    """The measured delay that is nearest to one."""
    return min((int(delay) for delay in delays), key=lambda delay: abs(delay - wanted))


def amount(value: float) -> str:
    r"""Two digits; below a thousandth with a power of ten.

    >>> amount(0.0634), amount(8.84e-5), amount(0.0)
    ('0.063', '8.8\xa0×\xa010⁻⁵', '0')
    """
    if not 0 < abs(value) < 1e-3:
        return f"{value:.2g}"
    digits, power = f"{value:.1e}".split("e-")
    return f"{digits}\u00a0×\u00a010⁻{power.lstrip('0').translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def percent(share: float) -> str:
    """A share in percent, with two digits where it is small."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def signed(value: float) -> str:
    """A number with two decimals and a true minus."""
    return f"{value:.2f}".replace("-", "−")
