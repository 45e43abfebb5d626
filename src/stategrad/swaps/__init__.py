"""Swap memory: what changes in the state when one earlier input is replaced by another."""
