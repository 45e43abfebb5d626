"""Peak memory of an analysis of the paper's size, in a process of its own, beyond what the process held before it.

    python -m benchmarks.memory --positions 2000 --groups 8

prints JSON, in MB: `before` (Python, PyTorch, model and text) and `peak` (during the analysis, beyond that).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.workload import engine_result, random_workload

ROOT = Path(__file__).parents[1]


def peak_memory(positions: int, groups: int, threads: int) -> float:
    """Peak in MB of the analysis of a text, 10 blocks and second moments included."""
    command = [sys.executable, "-m", "benchmarks.memory"]
    command += ["--positions", str(positions), "--groups", str(groups), "--threads", str(threads)]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return float(json.loads(answer)["peak"])


def resident_peak() -> float:
    """The most memory this process ever held, in MB.

    Linux counts in `ru_maxrss` also what the parent held when it started this process, and in `VmHWM` not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, required=True)
    parser.add_argument("--groups", type=int, default=8, help="with the group of all positions")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    workload = random_workload(arguments.positions)
    labels = np.random.default_rng(0).integers(arguments.groups - 1, size=arguments.positions).astype(str)
    # what a first call imports is no cost of the text
    engine_result(random_workload(40, embedding=4, hidden=8, delays=5), second_moment=True)
    before = resident_peak()
    engine_result(workload, groups=labels, second_moment=True)
    print(json.dumps({"before": before, "peak": resident_peak() - before}))


if __name__ == "__main__":
    main()
