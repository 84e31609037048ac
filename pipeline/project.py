"""A project folder: where things are, and the fingerprint that says whether anything changed.

Imports nothing heavy: an unchanged rerun ends here.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.escape import visible
from pipeline.links import hash_of

CODE = Path(__file__).parent
CODE_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".css", ".js", ".html", ".typ", ".woff2"}
NO_SEAL = "0" * 64
MAIN_SPEC = "index.yml"
PINNED = (
    "duckdb", "great-expectations", "numpy", "pandas", "pandera", "pyarrow", "scikit-learn",
    "scipy",
)  # fmt: skip
NAMED_FILE = re.compile(r"""\bpoints_file:[ ]*(['"]?)([^'"{}\[\]#,\n]+?)\1[ ]*(?=[,}#\n]|$)""")
LIMITS = "limits.yml"
FORMAT = 1  # of what lies in outputs/; a change that an older program would misread adds one


@dataclass(frozen=True)
class Project:
    """Paths of one project. `root` holds `index.yml`, `raw/` and `outputs/`."""

    root: Path
    spec_name: str = MAIN_SPEC

    @property
    def spec(self) -> Path:
        return self.root / self.spec_name

    @property
    def outputs(self) -> Path:
        """`outputs/` for the index itself, a folder of its own there for any other framework."""
        outputs = self.root / "outputs"
        return outputs if self.spec_name == MAIN_SPEC else outputs / Path(self.spec_name).stem

    def shown(self, name: str) -> str:
        """A path under `outputs` as a message shows it, relative to the project."""
        return (self.outputs / name).relative_to(self.root).as_posix()

    @property
    def current(self) -> Path:
        return self.outputs / "current"

    @property
    def reference(self) -> Path:
        """Reference tables: the project's own when it has them, else those of the package."""
        own = self.root / "reference"
        return own if own.is_dir() else CODE / "reference"


def input_files(project: Project) -> dict[str, str]:
    """SHA-256 of everything the outputs depend on, by a name that is the same on every machine."""
    found: dict[str, Path] = {project.spec_name: project.spec}
    for name in _named_files(project.spec):
        found[name] = project.root / name
    for folder, prefix in (
        (project.root / "raw", "raw"),
        (project.reference, "reference"),
        (CODE, "pipeline"),
        (CODE.parent / "schemas", "schemas"),
    ):
        for path in sorted(folder.rglob("*")):
            is_code = prefix in ("pipeline", "schemas")
            if path.is_file() and (not is_code or path.suffix in CODE_SUFFIXES):
                found[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path
    if os.path.lexists(project.root / LIMITS):
        found[LIMITS] = project.root / LIMITS
    inside = {"raw": project.root}
    return {
        visible(name): hash_of(path, inside.get(name.partition("/")[0]))
        for name, path in sorted(found.items())
    }


def _named_files(spec: Path) -> list[str]:
    """Files that the index names, as far as they may be read at all: reading it checks them."""
    try:
        text = spec.read_text("utf-8", errors="replace")
    except OSError:
        return []
    return [name for _, name in NAMED_FILE.findall(text) if stays_inside(name)]


def stays_inside(name: str) -> bool:
    """Whether a relative path cannot leave its folder on any system, links apart."""
    return name[:1] not in ("/", "~") and not re.search(r"(^|/)\.\.(/|$)|[\\:]", name)


def fingerprint(inputs: dict[str, str]) -> str:
    """One hash of all inputs and of the versions of the libraries that compute."""
    pinned = {name: metadata.version(name) for name in PINNED}
    state = [inputs, pinned, platform.python_version()]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def sealed(manifest: dict[str, Any]) -> str:
    """A manifest as text that holds the hash of itself, so that damage to it is seen too."""
    text = json.dumps({**manifest, "seal": NO_SEAL}, ensure_ascii=False, indent=1) + "\n"
    return text.replace(NO_SEAL, hashlib.sha256(text.encode()).hexdigest())


def read_manifest(project: Project) -> dict[str, Any] | None:
    """The manifest of the current release, or None when there is none or it is damaged."""
    text, manifest = _manifest_text(project)
    seal = str(manifest.get("seal", ""))
    whole = hashlib.sha256(text.replace(seal, NO_SEAL).encode()).hexdigest() if seal else None
    return manifest if whole is not None and whole == seal else None


def _manifest_text(project: Project) -> tuple[str, dict[str, Any]]:
    """The manifest as text and as data, which is empty when it cannot be read."""
    try:
        text = (project.current / "manifest.json").read_text("utf-8")
        loaded = json.loads(text)
    except (OSError, ValueError):
        return "", {}
    return text, loaded if isinstance(loaded, dict) else {}


def foreign_format(project: Project) -> str | None:
    """The format of outputs that this program neither reads nor writes over; None when it may."""
    if project.current.is_dir() and not project.current.is_symlink():
        return "0"  # before releases, when `current` was the folder itself
    found = _manifest_text(project)[1].get("format", FORMAT)
    return None if found == FORMAT else str(found)


def stale_inputs(project: Project, manifest: dict[str, Any]) -> list[str]:
    """Inputs that are not what the current release was made from; empty when it is up to date."""
    now, then = input_files(project), manifest["inputs"]
    changed = [name for name in sorted({*now, *then}) if now.get(name) != then.get(name)]
    if not changed and manifest["fingerprint"] != fingerprint(now):
        return ["requirements.lock"]
    return changed


def damaged_files(project: Project, manifest: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Files of the current release that are missing or differ, and files that do not belong."""
    wanted: dict[str, str] = manifest["files"]
    folder = project.current.resolve()
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    bad = [
        name
        for name, sha in sorted(wanted.items())
        if name not in found or hash_of(found[name]) != sha
    ]
    return bad, sorted(set(found) - set(wanted) - {"manifest.json"})
