"""Figures, tables and the one offline page of a run folder."""
