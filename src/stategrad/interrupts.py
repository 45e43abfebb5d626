"""Ctrl-C that waits until what was done can be kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Hold back a first Ctrl-C, and yield what says whether there was one; a second interrupts at once.

    Python lets the main thread alone handle signals, and a handler of somebody else's stays: there nothing is held back.

    >>> with held_interrupts() as interrupted:
    ...     interrupted()
    False
    """
    seen = False

    def hold(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            signal.default_int_handler(number, frame)
        seen = True

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, hold)
    try:
        yield lambda: seen
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
