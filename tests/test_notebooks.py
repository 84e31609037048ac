"""The notebooks run on a fresh release, quickly, and are kept without their outputs."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pipeline.project import Project
from pipeline.run import run_index
from tests.conftest import ROOT, passing, silent

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release of the shipped data, its notebooks folder empty."""
    root = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(ROOT / "raw", root / "raw")
    shutil.copy(ROOT / "index.yml", root)
    run_index(Project(root), silent, passing)
    (root / "notebooks").mkdir()
    return root


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_and_shows_something(path: Path, workplace: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    started = time.perf_counter()
    client = NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": workplace / "notebooks"}}
    )
    client.execute()
    assert time.perf_counter() - started < 60  # a hang is a failure, not a speed claim
    shown = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any(out.output_type == "execute_result" for out in shown)
    assert not [out for out in shown if out.output_type == "error"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_kept_without_outputs_and_reads_the_release_only(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert "raw/" not in cell.source
            assert "index.yml" not in cell.source
