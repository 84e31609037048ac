"""Time the report: the core tables (workbook and page), everything, and the memory of one run.

Run by `make bench`. Works on a copy of the project in a temporary folder, so that `outputs/` stays
as it is. The core tables are there when the last of them was written, in both languages; memory is
that of all processes together, pages that they share counted once.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 3
CORE = ("annual_tables.xlsx", "report.html")
BOUNDS = {"core tables": 10.0, "everything": 60.0}  # seconds
PAUSE = 0.1  # seconds between two looks at the memory


def memory_of(session: int) -> int:
    """Kilobytes that the processes of a session hold now, by their share of every page."""
    held = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):  # it may have ended meanwhile
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                lines = (process / "smaps_rollup").read_text().splitlines()
                held += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return held


def run_report(root: Path) -> tuple[dict[str, float], float]:
    """Seconds until the core tables and until everything is there; peak memory in MB."""
    shutil.rmtree(root / "outputs/reports", ignore_errors=True)  # the same one is not written twice
    began = time.time()
    running = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "report", "--root", str(root)], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    peak = 0
    while running.poll() is None:
        peak = max(peak, memory_of(running.pid))
        time.sleep(PAUSE)
    ended = time.time()
    assert running.returncode == 0, "the report was not written"
    files = [path for name in CORE for path in (root / "outputs/current/report").rglob(name)]
    core = max(path.stat().st_mtime for path in files)
    return {"core tables": core - began, "everything": ended - began}, peak / 1024


def main() -> None:
    """Print the best and the worst of several runs beside the bounds."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        shutil.copytree(ROOT / "raw", root / "raw")
        shutil.copy(ROOT / "index.yml", root)
        index = [sys.executable, "-m", "pipeline", "index", "--root", str(root)]
        subprocess.run(index, cwd=ROOT, check=True, capture_output=True)
        runs = [run_report(root) for _ in range(RUNS)]
    print(f"{'report':<18}{'best s':>8}{'worst s':>9}{'bound s':>9}")
    for name, bound in BOUNDS.items():
        seconds = [times[name] for times, _ in runs]
        over = " !" if max(seconds) > bound else ""
        print(f"{name:<18}{min(seconds):>8.1f}{max(seconds):>9.1f}{bound:>9.0f}{over}")
    print(f"peak memory of one run: {max(peak for _, peak in runs):.0f} MB")


if __name__ == "__main__":
    main()
