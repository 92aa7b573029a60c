"""Worker processes: how many there should be, and what each does first."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK = 1.0  # seconds between two looks for the parent


def processors() -> int:
    """Processors that this process may use: those of a SLURM task or of `taskset`, not all of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def as_child() -> None:
    """Leave Ctrl-C to the parent, and end when the parent does, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
