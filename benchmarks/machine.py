"""What a measurement was made on, and with."""

import os
import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """The processor, its cores, and how busy it was."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def cores_of_others(run: Callable[[], None]) -> float | None:
    """How many cores other processes kept busy while `run` ran, on average; None without /proc/stat."""
    started, before = time.perf_counter(), _seconds_of_others()
    run()
    after = _seconds_of_others()
    if before is None or after is None:
        return None
    return round(max(0.0, (after - before) / (time.perf_counter() - started)), 2)


def _seconds_of_others() -> float | None:
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, line.split()[1:9])
    everything = (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    return everything - time.process_time()


def versions() -> dict[str, str]:
    """Of Python, minigrad and everything it is compared with."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[call-overload]
    found = {
        "python": platform.python_version(),
        "minigrad": revision(),
        "blas": f"{blas['name']} {blas['version']}",
    }
    for package in ("numpy", "torch", "mygrad", "dezero"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def revision() -> str:
    """The git revision of this checkout; with a + if files have been changed since."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=10", "HEAD") + "+" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
