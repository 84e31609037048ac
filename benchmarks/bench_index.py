"""Time a full run, an unchanged rerun and a check, and their peak memory.

Run by `make bench`. Works on a copy of the project in a temporary folder, so that `outputs/` stays
as it is; each figure is the best and the worst of several runs of the whole command.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 3
MEGABYTE = 1024  # ru_maxrss counts kilobytes


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory (MB, the largest process) of one command."""
    code = (
        "import resource, subprocess, sys, time; t = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL); s = time.perf_counter() - t;"
        "print(s, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes) / MEGABYTE


def tree_state(folder: Path) -> dict[str, int]:
    """Modification time of every file, folder and link under `folder`."""
    return {str(p): os.lstat(p).st_mtime_ns for p in sorted(folder.rglob("*"))}


def main() -> None:
    """Print one line per command."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        shutil.copytree(ROOT / "raw", root / "raw")
        shutil.copy(ROOT / "index.yml", root)
        base = [sys.executable, "-m", "pipeline"]
        index, check = ([*base, name, "--root", str(root)] for name in ("index", "check"))
        rows = {"full run": [], "unchanged rerun": [], "check": []}  # type: ignore[var-annotated]
        for _ in range(RUNS):
            shutil.rmtree(root / "outputs", ignore_errors=True)
            rows["full run"].append(measure(index))
            before = tree_state(root / "outputs")
            rows["unchanged rerun"].append(measure(index))
            assert tree_state(root / "outputs") == before, "an unchanged rerun wrote something"
            rows["check"].append(measure(check))
    print(f"{'command':<18}{'best s':>8}{'worst s':>9}{'peak MB':>9}")
    for name, runs in rows.items():
        seconds = [s for s, _ in runs]
        peak = max(m for _, m in runs)
        print(f"{name:<18}{min(seconds):>8.2f}{max(seconds):>9.2f}{peak:>9.0f}")
    ratio = min(s for s, _ in rows["full run"]) / min(s for s, _ in rows["unchanged rerun"])
    print(f"a rerun with nothing changed is {ratio:.0f} times faster and writes nothing")


if __name__ == "__main__":
    start = time.perf_counter()
    main()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"measured in {time.perf_counter() - start:.0f} s ({used.ru_utime:.0f} s of processor)")
