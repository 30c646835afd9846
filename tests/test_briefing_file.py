"""The briefing as a file: equal bytes, a policy that names every script, data that is never code, vendored files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from briefing_town import make_facts, make_series, make_tables, make_town, write
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.briefing import page, write_briefing


def test_json_in_the_page_cannot_leave_its_element():
    value = {"a": "</script><!--&\u2028\u2029", "b": "half a pair \ud800", "c": [1.5, None, True]}
    text = page.embed_json(value)
    assert not set("<>&\u2028\u2029\ud800") & set(text)
    assert json.loads(text) == value


def test_a_template_in_the_data_runs_nothing_while_writing(tmp_path):
    canary = tmp_path / "canary"
    spell = "{{ cycler.__init__.__globals__.os.system('touch " + str(canary) + "') }}{% for x in (1,2) %}"
    write(tmp_path / "briefing.html", text=lambda value: value + spell)
    assert not canary.exists()
    assert spell in (tmp_path / "briefing.html").read_text(encoding="utf-8")


def test_equal_input_gives_equal_bytes(tmp_path):
    first, second = write(tmp_path / "a.html"), write(tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_the_policy_names_every_script_and_style_and_nothing_else(tmp_path):
    html = write(tmp_path / "briefing.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    outside_data = re.sub(r'(?s)<script type="application/json".*?</script>', "", html)
    blocks = re.findall(r"(?s)<(script|style)>(.*?)</\1>", outside_data)
    assert len(blocks) >= 9
    for _, text in blocks:
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert re.search(r"(?i)\son\w+\s*=", re.sub(r"(?s)<script>.*?</script>", "", outside_data)) is None
    assert "BSD 2-Clause License" in html and str(Path(__file__).parents[1]) not in html and str(tmp_path) not in html


def test_an_unknown_address_in_the_frame_is_refused(tmp_path, monkeypatch):
    from gridbeacon.layers.briefing.frame import Frame

    smuggled = Frame("", '<div></div><script src="https://cdn.example/x.js"></script>', "", "map")
    monkeypatch.setattr(page, "make_frame", lambda bounds: smuggled)
    with pytest.raises(EnvironmentProblem, match="would ask for"):
        write(tmp_path / "briefing.html")
    assert not (tmp_path / "briefing.html").exists()


def test_a_changed_vendored_file_is_refused(tmp_path, monkeypatch):
    changed = tmp_path / "assets"
    shutil.copytree(page.ASSETS, changed)
    (changed / "leaflet.js").write_text("alert(1)", encoding="utf-8")
    monkeypatch.setattr(page, "ASSETS", changed)
    page._asset.cache_clear()
    page._vendored.cache_clear()
    with pytest.raises(EnvironmentProblem, match=r"leaflet\.js is not the one"):
        page._asset("leaflet.js")
    page._asset.cache_clear()
    page._vendored.cache_clear()


def test_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((page.ASSETS / "MANIFEST.json").read_text(encoding="utf-8"))
    named = {entry["file"] for package in manifest["packages"] for entry in package["files"]} | set(manifest["own"])
    present = {path.name for path in page.ASSETS.iterdir() if path.name.startswith(("leaflet", "briefing", "LICENSE"))}
    assert present <= named
    for package in manifest["packages"]:
        assert package["version"] and package["licence"]


def test_cells_without_a_coordinate_system_are_told():
    town = make_town().set_crs(None, allow_override=True)
    risk, hot, early = make_tables(make_town())
    with pytest.raises(InputError, match="no coordinate system"):
        write_briefing(
            "never.html",
            facts=make_facts(),
            cells=town,
            risk=risk,
            hotspots=hot,
            surface=None,
            early_warnings=early,
            series=make_series([""]),
        )
    assert not Path("never.html").exists()
