"""Probes: what a linear classifier can read from embeddings and from states."""
