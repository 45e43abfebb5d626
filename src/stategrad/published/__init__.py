"""What papers printed, as data, and how the numbers of a run stand beside it."""

from stategrad.published.claims import check_claims
from stategrad.published.comparison import compare_published
from stategrad.published.numbers import Paper, PublishedNumber, published_numbers
from stategrad.published.verdicts import Verdict, verdict

__all__ = ["Paper", "PublishedNumber", "Verdict", "check_claims", "compare_published", "published_numbers", "verdict"]
