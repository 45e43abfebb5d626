"""How the engine's cost grows with the length of the text, delays, E, H, layers and threads, on small grids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from benchmarks.clock import Contender, in_turns
from benchmarks.workload import engine, random_workload


@dataclass(frozen=True)
class Grid:
    """One thing that is varied, all others at the paper's size.

    Attributes:
        name: what is varied.
        values: at which values.
        x: that the cost is drawn against: of a value, what the cost should be a straight line of.
        axis: title of the horizontal axis.
        whole: the cost is the seconds of the whole text instead of the milliseconds of a position.
    """

    name: str
    values: tuple[int, ...]
    x: Callable[[int], float]
    axis: str
    whole: bool = False


def grids(quick: bool) -> list[Grid]:
    """What is varied; the quick grids show that the benchmark works, and no more."""
    threads = tuple(range(1, torch.get_num_threads() + 1))
    full = [
        Grid("length", (256, 512, 1024, 2048), float, "positions of the text", whole=True),
        Grid("delays", (5, 10, 20, 40, 80), float, "delays"),
        Grid("E", (16, 32, 64, 128), float, "size of the embedding, E"),
        Grid("H", (64, 128, 256, 384, 512), lambda size: size**2, "state size squared, H²"),
        Grid("layers", (1, 2, 3), float, "layers"),
        Grid("threads", threads, float, "threads"),
    ]
    small = {"length": (64, 128), "delays": (5, 20), "E": (16, 32), "H": (64, 128), "layers": (1, 2), "threads": threads[:1]}
    return [Grid(g.name, small[g.name], g.x, g.axis, g.whole) for g in full] if quick else full


def growth(*, quick: bool, rounds: int, threads: int) -> pd.DataFrame:
    """A row per grid and value: `cost`, and the straight line through the grid at the same x, `line`.

    Layers: the first takes one product of the tangents per delay, every further one two, one of them with the tangents of
    the layer below: a straight line again.
    """
    rows = []
    for grid in grids(quick):
        timings = in_turns([_point(grid, value, quick, threads) for value in grid.values], rounds)
        x = np.array([grid.x(value) for value in grid.values])
        cost = np.array([np.median(t.seconds) if grid.whole else t.milliseconds for t in timings.values()])
        line = np.polyval(np.polyfit(x, cost, 1), x) if grid.name != "threads" and len(x) > 1 else np.full(len(x), np.nan)
        unit = "seconds" if grid.whole else "ms per position"
        rows += [
            {"grid": grid.name, "axis": grid.axis, "value": value, "x": x[i], "cost": cost[i], "line": line[i], "unit": unit}
            for i, value in enumerate(grid.values)
        ]
    torch.set_num_threads(threads)
    return pd.DataFrame(rows)


def bend(frame: pd.DataFrame, grid: str) -> float:
    """Largest distance from the straight line, as a share of the largest cost."""
    part = frame[frame.grid == grid]
    return float((part.cost - part.line).abs().max() / part.cost.max())


def _point(grid: Grid, value: int, quick: bool, threads: int) -> Contender:
    positions = 96 if quick else 320
    sizes = {"delays": "delays", "E": "embedding", "H": "hidden", "layers": "layers"}
    options = {sizes[grid.name]: value} if grid.name in sizes else {}
    text = value if grid.name == "length" else positions
    contender = engine(f"{grid.name} {value}", random_workload(text, **options))
    contender.run()

    def run() -> float:
        torch.set_num_threads(value if grid.name == "threads" else threads)
        return contender.run()

    return Contender(contender.name, run)
