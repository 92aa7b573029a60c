"""Worker processes: how many there should be, and what each does first."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time

LOOK = 1.0  # seconds between two looks for the parent
SELDOM = 20_000, 20, 50  # when cycles are looked for: tables hold many objects and hardly any cycle, and are kept


def processors() -> int:
    """Processors that this process may use: those of a SLURM task or of `taskset`, not all of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def as_child() -> None:
    """Leave Ctrl-C to the parent, end when the parent does, even if it is killed, and seldom look for cycles."""
    gc.set_threshold(*SELDOM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
