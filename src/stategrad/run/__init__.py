"""A run: presets, the folder that a run writes, and its stages."""
