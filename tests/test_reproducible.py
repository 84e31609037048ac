"""The same inputs give the same bytes, whatever the folder, hash seed, locale or thread count."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.store import list_files
from tests.conftest import ROOT, Toy

SETTINGS = [
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "TZ": "UTC"},
    {
        "PYTHONHASHSEED": "2",
        "LC_ALL": "tr_TR.UTF-8",
        "OMP_NUM_THREADS": "4",
        "TZ": "Nowhere/At_All",
    },
]


LOCALES = [
    {"LC_ALL": "vi_VN.UTF-8", "OMP_NUM_THREADS": "16", "ARROW_NUM_THREADS": "16"},
    {"LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "3", "ARROW_NUM_THREADS": "1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "4"},
]
BUILD = """
import locale, sys
from pathlib import Path
from pipeline.project import Project
from pipeline.run import run_index
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass  # a machine without this locale still takes its name from the environment
run_index(Project(Path(sys.argv[1])), lambda *_: None, lambda *_: [])
"""


def test_SYS_14_locale_hash_seed_and_threads_change_no_published_byte(tmp_path: Path) -> None:
    runs = []
    for i, settings in enumerate(LOCALES):
        toy = Toy(tmp_path / f"toy {i}")
        command = [sys.executable, "-c", BUILD, str(toy.root)]
        runs.append((toy, subprocess.Popen(command, cwd=ROOT, env=os.environ | settings)))
    found = []
    for toy, process in runs:
        assert process.wait(timeout=100) == 0
        files = list_files(toy.project.current.resolve())
        files.pop("manifest.json")
        found.append(files)
    expected = Toy(tmp_path / "here").index().manifest["files"]
    assert found == [expected] * len(LOCALES)


def test_SYS_14_two_folders_seeds_locales_and_thread_counts_give_identical_outputs(
    tmp_path: Path,
) -> None:
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
