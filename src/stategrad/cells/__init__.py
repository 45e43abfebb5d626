"""Recurrent cells: one step per file, its equations and its two Jacobians in closed form."""
