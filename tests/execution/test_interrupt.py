"""Ctrl-C in a terminal: the signal reaches the whole foreground group, and no process of it may stay behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import torch, stategrad as sg
sg.state_gradients(torch.nn.LSTM(16, 128), torch.randn(200_000, 16), execution=sg.Execution(workers=2), show_progress=False)
"""
WAIT = 60


def group_of(leader: int) -> list[int]:
    """The living processes of a process group, its leader left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != leader:
            try:
                state, _, group = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(group) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def wait_until(condition) -> bool:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def listening() -> None:
    # a test that runs in the background has inherited that the signal is ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def works(process: int) -> bool:
    """Whether a process has used half a second of its processor."""
    try:
        ticks = (Path("/proc") / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11]
    except OSError:
        return False
    return int(ticks) > 0.5 * os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
def test_an_interrupt_leaves_no_worker_behind(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("wb") as errors:
        main = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=errors, start_new_session=True, preexec_fn=listening)
    try:
        assert wait_until(lambda: sum(map(works, group_of(main.pid))) >= 2), "the workers never began"
        assert main.poll() is None
        os.killpg(main.pid, signal.SIGINT)
        assert main.wait(WAIT) != 0
        assert "KeyboardInterrupt" in (tmp_path / "errors").read_text(encoding="utf-8")
        assert wait_until(lambda: not group_of(main.pid)), "processes stayed behind"
    finally:
        if main.poll() is None or group_of(main.pid):
            os.killpg(main.pid, signal.SIGKILL)
            main.wait()
