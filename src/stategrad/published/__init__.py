"""What papers printed, as data, and how the numbers of a run stand beside it."""

from stategrad.published.claims import check_claims, check_pair_claims
from stategrad.published.comparison import compare_published
from stategrad.published.follow_up import check_follow_up, follow_up
from stategrad.published.numbers import Paper, PublishedNumber, published_numbers
from stategrad.published.recipe import beside_recipe
from stategrad.published.verdicts import Verdict, verdict

__all__ = [
    "Paper",
    "PublishedNumber",
    "Verdict",
    "beside_recipe",
    "check_claims",
    "check_follow_up",
    "check_pair_claims",
    "compare_published",
    "follow_up",
    "published_numbers",
    "verdict",
]
