"""Whether the measures find what is there, and nothing where there is nothing: checks against known answers."""

from stategrad.validation.record import Check, Reading, Validation
from stategrad.validation.suite import CHECKS, validate

__all__ = ["CHECKS", "Check", "Reading", "Validation", "validate"]
