"""The pages in a browser: nothing fetched, no error, nothing that shuts a reader out.

Needs Chromium (`CHROMIUM`, or on the path) and the file axe.min.js of axe-core (`LII_AXE`); the
project installs neither.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.provinces import load_reference
from pipeline.report.make import write_language
from tests.conftest import ROOT
from tests.shapes import synthetic_features, write_features
from tests.test_choropleth import REF, read

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
AXE = os.environ.get("LII_AXE", "")
RUN = """
document.querySelectorAll("details").forEach(one => { one.open = true; });
axe.run({resultTypes: ["violations"]}).then(found => {
  const told = document.createElement("script");
  told.type = "application/json";
  told.id = "told";
  told.textContent = JSON.stringify({
    wrong: found.violations.map(one => [one.impact, one.id, one.nodes.map(node => node.html)]),
    fetched: performance.getEntriesByType("resource").map(one => one.name),
  }).replaceAll("<", "\\\\u003c");
  document.body.append(told);
});
"""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine (see CHROMIUM)"),
    pytest.mark.skipif(not Path(AXE).is_file(), reason="LII_AXE names no axe.min.js of axe-core"),
]


@pytest.fixture(scope="module")
def pages(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the shipped index with a map of synthetic boundaries, in both languages."""
    room = tmp_path_factory.mktemp("pages")
    boundaries, _ = read(write_features(room / "map.geojson", synthetic_features(REF, "63")))
    reference = ROOT / "pipeline/reference"
    assert load_reference(reference).codes("63") == REF.codes("63")
    for lang in ("vi", "en"):
        write_language(room, shipped / "outputs/current", "2022", reference, lang, boundaries)
    return room


def look_at(page: Path, room: Path) -> tuple[dict[str, Any], str]:
    """What axe found on a page and what it fetched; what the browser said meanwhile."""
    script = f"<script>{Path(AXE).read_text('utf-8')}</script><script>{RUN}</script>"
    looked = room / "looked.html"
    looked.write_text(page.read_text("utf-8").replace("</body>", script + "</body>"), "utf-8")
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={room / 'browser'}",
         "--window-size=1200,900", "--virtual-time-budget=60000", "--dump-dom", looked.as_uri()],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    told = re.search(r'<script type="application/json" id="told">(.*?)</script>', done.stdout)
    assert told is not None, done.stderr[-2000:]
    return json.loads(told[1]), done.stderr


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("name", ["report.html", "profiles/48.html"])
def test_a_page_opens_without_error_and_shuts_nobody_out(
    pages: Path, tmp_path: Path, lang: str, name: str
) -> None:
    found, said = look_at(pages / lang / name, tmp_path)
    assert [one for one in found["wrong"] if one[0] in ("serious", "critical")] == []
    assert [one for one in found["fetched"] if not one.startswith("data:")] == []
    assert [line for line in said.splitlines() if "CONSOLE" in line] == []


def test_what_is_wrong_with_a_page_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(
        '<html><body><img src="http://example.invalid/x.png">'
        "<script>console.error('said')</script></body></html>", "utf-8",
    )  # fmt: skip
    found, said = look_at(page, tmp_path)
    assert {"image-alt", "html-has-lang"} <= {name for _, name, _ in found["wrong"]}
    assert found["fetched"] == ["http://example.invalid/x.png"]
    assert "said" in said
    assert "CONSOLE" in said
