from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stategrad.errors import InvalidInputError
from stategrad.published.verdicts import EQUAL, INSIDE, NO_INTERVAL, OUTSIDE, printed_range, verdict, verdict_beyond


def judged(measured, low=nan, high=nan, same_data=False, published=1.95, decimals=2):
    found = verdict(float(published), decimals, float(measured), low, high, same_data, None)
    return found.value, found.reason


@pytest.mark.parametrize(
    ("measured", "low", "high", "expected"),
    [
        (1.9, 1.8, 1.945, ("consistent", INSIDE)),
        (1.9, 1.8, 1.9449999, ("inconsistent", OUTSIDE)),
        (2.0, 1.955, 2.1, ("consistent", INSIDE)),
        (2.0, 1.9550001, 2.1, ("inconsistent", OUTSIDE)),
        (1.9, 1.8, 2.0, ("consistent", INSIDE)),
        (1.945, nan, nan, ("consistent", EQUAL)),
        (1.9449999, nan, nan, ("undecided", NO_INTERVAL)),
        (1.955, nan, nan, ("consistent", EQUAL)),
        (1.9550001, nan, nan, ("undecided", NO_INTERVAL)),
        (1.9, 1.8, nan, ("undecided", NO_INTERVAL)),
        (1.9, nan, 2.0, ("undecided", NO_INTERVAL)),
        (1.95, 1.2, 1.4, ("consistent", EQUAL)),
    ],
)
def test_both_sides_of_every_boundary(measured, low, high, expected):
    assert judged(measured, low, high) == expected


@pytest.mark.parametrize(
    ("published", "decimals", "inside", "outside"),
    [(-0.59, 2, -0.585, -0.5849), (-0.59, 2, -0.595, -0.5951), (0.2, 1, 0.25, 0.2501), (10921, 0, 10921.5, 10922),
     (70_000, -4, 74_999, 75_001), (0.4239, 4, 0.42385, 0.42384)],
)  # fmt: skip
def test_rounding_of_negative_numbers_whole_numbers_and_thousands(published, decimals, inside, outside):
    assert judged(inside, published=published, decimals=decimals) == ("consistent", EQUAL)
    assert judged(outside, published=published, decimals=decimals) == ("undecided", NO_INTERVAL)


@given(st.integers(-(10**6), 10**6), st.integers(-3, 5), st.floats(-0.49, 0.49))
def test_whatever_is_printed_so_is_equal(units, decimals, part):
    unit = Decimal(1).scaleb(-decimals)
    published = float(units * unit)
    least, most = printed_range(published, decimals)
    assert most - least == unit
    assert judged(float((units + Decimal(part)) * unit), published=published, decimals=decimals)[1] == EQUAL
    assert judged(float((units + 1 + Decimal(part)) * unit), published=published, decimals=decimals)[1] == NO_INTERVAL


@pytest.mark.parametrize(
    ("measured", "low", "high", "expected"),
    [
        (1.95, 1.2, 1.4, ("inconsistent", OUTSIDE)),
        (1.95, 1.9, 2.0, ("consistent", EQUAL)),
        (2.2, 1.9, 2.0, ("consistent", INSIDE)),
        (1.95, nan, nan, ("consistent", EQUAL)),
        (2.2, nan, nan, ("undecided", NO_INTERVAL)),
    ],
)
def test_the_plain_value_of_a_sample_does_not_outweigh_its_interval(measured, low, high, expected):
    found = verdict(1.95, 2, measured, low, high, False, None, is_sample=True)
    assert (found.value, found.reason) == expected


def test_only_agreement_on_the_authors_files_is_replication():
    assert judged(1.95, same_data=True) == ("replicated", EQUAL)
    assert judged(1.9, 1.8, 2.0, same_data=True) == ("replicated", INSIDE)
    assert judged(1.9, 1.8, 1.91, same_data=True) == ("inconsistent", OUTSIDE)
    assert judged(1.9, same_data=True) == ("undecided", NO_INTERVAL)


def test_a_reason_comes_before_every_number():
    found = verdict(1.95, 2, nan, nan, nan, True, "another text")
    assert (found.value, found.reason, str(found)) == ("not comparable", "another text", "not comparable (another text)")
    assert verdict_beyond(20.0, nan, True, "another text") == found
    assert str(verdict(1.95, 2, 1.95, nan, nan, False, None)) == "consistent"


@pytest.mark.parametrize(
    ("measured", "same_data", "value", "reason"),
    [
        (21, False, "consistent", "above the published bound"),
        (21, True, "replicated", "above the published bound"),
        (20, True, "undecided", "not told from noise beyond 20"),
        (7, False, "undecided", "not told from noise beyond 7"),
    ],
)
def test_a_lower_bound_is_never_refuted_by_absence(measured, same_data, value, reason):
    found = verdict_beyond(20.0, float(measured), same_data, None)
    assert (found.value, found.reason) == (value, reason)


@pytest.mark.parametrize(
    ("published", "measured", "low", "high", "sentence"),
    [
        (1.0, nan, 0.0, 1.0, "the measured number is nan; say in `comparable` why there is nothing to compare."),
        (inf, 1.0, 0.0, 1.0, "the published number is inf; say in `comparable` why there is nothing to compare."),
        (1.0, 1.0, 2.0, 1.0, "the interval runs from 2.0 to 1.0; give its lower end first."),
    ],
)
def test_numbers_that_cannot_be_judged_are_refused(published, measured, low, high, sentence):
    with pytest.raises(InvalidInputError) as error:
        verdict(published, 2, measured, low, high, False, None)
    assert str(error.value) == sentence
