"""The same inputs give the same bytes, whatever the folder, hash seed, locale or thread count."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.store import list_files
from tests.conftest import ROOT

SETTINGS = [
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "TZ": "UTC"},
    {
        "PYTHONHASHSEED": "2",
        "LC_ALL": "tr_TR.UTF-8",
        "OMP_NUM_THREADS": "4",
        "TZ": "Nowhere/At_All",
    },
]


def test_two_folders_seeds_locales_and_thread_counts_give_identical_outputs(tmp_path: Path) -> None:
    runs = []
    for i, settings in enumerate(SETTINGS):
        root = tmp_path / f"bản sao {i}" / ("sâu/" * i)
        root.mkdir(parents=True)
        shutil.copytree(ROOT / "raw", root / "raw")
        shutil.copy(ROOT / "index.yml", root)
        command = [sys.executable, "-m", "pipeline", "index", "--root", str(root)]
        runs.append((root, subprocess.Popen(command, cwd=ROOT, env=os.environ | settings)))
    found = []
    for root, process in runs:
        assert process.wait(timeout=200) == 0
        files = list_files((root / "outputs/current").resolve())
        files.pop("manifest.json")
        found.append(files)
    assert len(found[0]) > 25
    assert found[0] == found[1]
