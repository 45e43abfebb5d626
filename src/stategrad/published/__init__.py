"""What papers printed, as data, and how the numbers of a run stand beside it."""

from stategrad.published.comparison import compare_published
from stategrad.published.numbers import Paper, PublishedNumber, published_numbers
from stategrad.published.verdicts import Verdict, verdict

__all__ = ["Paper", "PublishedNumber", "Verdict", "compare_published", "published_numbers", "verdict"]
