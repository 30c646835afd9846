"""The data-quality report: complete, true to the findings, safe as a page, and every rule in the docs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from city_of_squares import make_cells
from gridbeacon.cli.entry import execute
from gridbeacon.cli.pages import GENERATED
from gridbeacon.cli.quality_page import data_quality_page, every_refusal
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers.grids.rules import CELL_NOTICES, CELL_RULES
from gridbeacon.layers.incidents.rules import DUPLICATES, NOT_CHOSEN, NOTICES, RULES
from gridbeacon.layers.quality_report import write_quality_report
from gridbeacon.layers.quality_report.words import FIXES, WORDS
from gridbeacon.pipeline import Plan, check_inputs
from gridbeacon.sample_data import CELLS, INCIDENTS, sample_path

ROOT = Path(__file__).parents[1]
WILD = "<script>alert(1)</script>{{7*191}}"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("quality") / "report"
    found = check_inputs(Plan(), [sample_path(name) for name in INCIDENTS], sample_path(CELLS), out=out)
    return found, (out / "quality.html").read_text(encoding="utf-8"), out


class Page(HTMLParser):
    """The text, the tags and whether they close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.links, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "style")]
        if tag not in ("meta", "rect", "path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "rect", "path", "circle"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_has_no_script_and_no_reference(report):
    page = Page(report[1])
    assert page.open == [] and page.links == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.seen)
    assert "default-src &#x27;none&#x27;" in report[1] and "http" not in report[1].replace("http-equiv", "")


def test_the_page_says_what_was_found(report):
    found, text, _ = report
    words = " ".join(Page(text).words)
    for rule in found["rules"]:
        assert rule["code"] in words and f"{rule['rows']:,}" in words and str(rule["examples"][0]["row"]) in words
    for count in found["account"].values():
        assert f"{count:,}" in words
    assert all(notice["zh"] in words for notice in found["notices"])


def test_the_counts_per_rule_are_those_of_the_account(report):
    found = report[0]
    rows = {}
    for rule in found["rules"]:
        rows[rule["what"]] = rows.get(rule["what"], 0) + rule["rows"]
        assert sum(rule["files"].values()) == rule["rows"] and len(rule["examples"]) <= 5
    account = found["account"]
    assert rows.get("quarantined", 0) == account["rows_quarantined"] == sum(found["quarantine"].values())
    assert rows.get("duplicate", 0) == account["rows_duplicate"]
    assert rows.get("outside", 0) == account["rows_outside"]
    assert rows.get("excluded", 0) == account["rows_excluded"]


def test_the_json_is_the_findings(report):
    assert json.loads((report[2] / "quality.json").read_text(encoding="utf-8")) == json.loads(json.dumps(report[0]))


def test_the_map_shows_what_was_set_aside(report):
    found, text, _ = report
    drawing = text[text.index('<svg class="map"') : text.index('<ul class="legend"', text.index('<svg class="map"'))]
    assert drawing.count("<circle") >= found["account"]["rows_duplicate"] - 225
    assert drawing.count("l8 8m0 -8") == found["account"]["rows_outside"]
    west, top, width, height = map(float, re.search(r'viewBox="([^"]+)"', drawing)[1].split())
    for x, y in re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"', drawing):
        assert west <= float(x) <= width and top <= float(y) <= height


def findings(**changed):
    """The findings of a wild city, where every name is markup."""
    zh_en = {"zh": WILD, "en": WILD}
    rule = {**zh_en, "code": WILD, "what": "quarantined", "fix": WILD, "rows": 2, "files": {WILD: 2}}
    return {
        "version": "1",
        "plan_version": "p",
        "account": {"rows_in": 3, "rows_used": 1, "rows_quarantined": 2},
        "mapping": {"time": WILD},
        "dropped_columns": [WILD],
        "files": [{"name": WILD, "rows": 3, "encoding": WILD, "layout": WILD, "crs": WILD, "columns": [WILD]}],
        "suggestions": [{"file": WILD, "column": WILD, "role": "time", "like": WILD, "option": "--time"}],
        "quarantine": {WILD: 2},
        "rules": [{**rule, "examples": [{"file": WILD, "row": 4}]}],
        "near_duplicates": {"rows": 1, "examples": [{"file": WILD, "row": 2, "near_file": WILD, "near_row": 3}]},
        "class_policy": {"file": WILD, "sha256": "", "added": [{"part": "refused", "pattern": WILD}], "removed": []},
        "callers": {"callers": 2, "repeated_rows": 1},
        "cells": {WILD: 3},
        "period": {"first": "2025-01-01T00:00:00", "as_of": "2025-02-01T00:00:00", "bins": 31},
        "missing_bins": 1,
        "sources": {WILD: 1},
        "classes": {WILD: 1},
        "notices": [{"code": WILD, **zh_en}],
        "against": {
            "last_day": "2025-01-01",
            "notices": [{"code": "N-PAST-001", **zh_en}],
            "renamings": [{"old": WILD, "new": WILD, "likeness": 1.0, "share": 1.0}],
        },
        **changed,
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_from_the_data_is_never_markup(tmp_path, lang):
    marks = {"outside": np.array([[0.0, 0.0], [9e9, 9e9]]), "default": np.array([[501000.0, 3401000.0, 7.0]])}
    write_quality_report(tmp_path, findings(), cells=make_cells(), marks=marks, lang=lang)
    text = (tmp_path / "quality.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert Page(text).open == []


def test_a_report_is_not_written_over_unasked(tmp_path):
    write_quality_report(tmp_path, findings(), cells=make_cells(), marks={})
    with pytest.raises(InputError, match="there is a report already"):
        write_quality_report(tmp_path, findings(), cells=make_cells(), marks={})
    write_quality_report(tmp_path, findings(), cells=make_cells(), marks={}, replace=True)


def test_the_same_findings_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_quality_report(tmp_path / name, findings(), cells=make_cells(), marks={})
    for name in ("quality.html", "quality.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_command_writes_the_report(tmp_path, capfd):
    calls, cells = make_tiny_city(tmp_path / "tiny")
    asked = [
        "check",
        "--incidents",
        str(calls),
        "--cells",
        str(cells),
        "--out",
        str(tmp_path / "r"),
        "--progress",
        "none",
    ]
    assert execute(asked) == 0
    assert "quality.html" in capfd.readouterr().err
    assert "Data quality report" in (tmp_path / "r" / "quality.html").read_text(encoding="utf-8")
    assert execute(asked) == 2


def test_every_word_is_there_in_both_languages():
    assert all(zh and en for zh, en in WORDS.values())
    known = {*RULES, NOT_CHOSEN.code, *DUPLICATES, *CELL_RULES}
    assert known <= set(FIXES) <= {*known, *NOTICES}


def test_the_page_of_rules_is_fresh_and_complete():
    """`make docs` writes it."""
    text = (ROOT / "docs" / "data-quality.md").read_text(encoding="utf-8")
    assert text == data_quality_page(GENERATED)
    for code in (*RULES, *DUPLICATES, *NOTICES, *CELL_RULES, *CELL_NOTICES):
        assert f"`{code}`" in text


def test_every_code_the_code_uses_stands_in_a_table():
    known = {*RULES, NOT_CHOSEN.code, *DUPLICATES, *NOTICES, *CELL_RULES, *CELL_NOTICES, *every_refusal()}
    used = {}
    for room in ("layers", "models", "pipeline", "cli"):
        for path in (ROOT / room).rglob("*.py"):
            for code in re.findall(r'"([A-Z]-[A-Z]+-\d{3})"', path.read_text(encoding="utf-8")):
                used.setdefault(code, path.name)
    assert {code: name for code, name in used.items() if code not in known} == {}


def test_codes_have_two_languages_and_the_same_places_for_figures():
    for code, (zh, en) in NOTICES.items():
        assert zh and en
        assert re.fullmatch(r"[NEPD]-[A-Z]+-\d{3}", code)
    assert all(rule.zh and rule.en and rule.fix for rule in (*RULES.values(), *DUPLICATES.values()))
