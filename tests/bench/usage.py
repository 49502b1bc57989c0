"""What a command costs: CPU-seconds and peak memory of its whole process tree.

Why: `getrusage` of a parent misses processes that are not waited for, as Spark's JVM and its Python workers are. The
tree is sampled instead, and each process counts at the most it was ever seen to have used.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

INTERVAL_S = 0.1


@dataclass(frozen=True)
class Usage:
    """Seconds on the clock, CPU-seconds of the tree, and its peak resident memory in GiB (shared pages once each)."""

    wall_s: float
    cpu_s: float
    peak_gib: float
    exit_code: int


def measured(command: Sequence[str], **options: object) -> Usage:
    """Run a command to its end; its standard output is passed on."""
    started = time.monotonic()
    process = subprocess.Popen(list(command), **options)  # type: ignore[call-overload]
    cpu, peak = watched(psutil.Process(process.pid), lambda: process.poll() is not None)
    return Usage(time.monotonic() - started, sum(cpu.values()), peak / 2**30, int(process.returncode))


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """CPU-seconds of this process and of all below it while something is done, and seconds on the clock."""
    me, over = psutil.Process(), threading.Event()
    before, _ = watched(me, lambda: True)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(watched, me, over.is_set)
        started = time.monotonic()
        work()
        wall = time.monotonic() - started
        over.set()
        cpu, _ = found.result()
    return sum(seconds - before.get(key, 0.0) for key, seconds in cpu.items()), wall


def watched(root: psutil.Process, is_over: Callable[[], bool]) -> tuple[dict[tuple[int, float], float], int]:
    """CPU-seconds of each process of a tree, and the tree's peak resident memory in bytes, until it is over."""
    cpu: dict[tuple[int, float], float] = {}
    known: dict[tuple[int, float], psutil.Process] = {}
    peak, last = 0, False
    while not last:
        last = is_over()
        for p in _tree(root):
            known[(p.pid, p.create_time())] = p
        resident = 0
        for key, p in list(known.items()):
            try:
                times = p.cpu_times()
                cpu[key] = max(cpu.get(key, 0.0), times.user + times.system)
                resident += p.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                known.pop(key)
        peak = max(peak, resident)
        if not last:
            time.sleep(INTERVAL_S)
    return cpu, peak


def _tree(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    used = measured(sys.argv[1:])
    print(f"wall {used.wall_s:.1f} s, CPU {used.cpu_s:.1f} s, peak {used.peak_gib:.2f} GiB", file=sys.stderr)
    sys.exit(used.exit_code)
