"""State gradients: from a model and a text to their means per group, block and delay."""
