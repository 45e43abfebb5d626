"""Shards of an analysis on several processors."""
