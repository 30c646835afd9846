"""A run in a real QGIS project: layers, words, time, classes, origin, zoom and flash, print layout.

One QGIS looks at everything; the tests read what it told (`tests/qgis/show_results.py`).
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from desk import Desk

pytestmark = pytest.mark.qgis

ORDER = ["EARLY_WARNINGS", "DAYS", "EXCLUDED", "CELLS", "RISK", "HOTSPOTS", "EMERGING", "DENSITY"]
HOSTILE = ["O'Brien'); DROP TABLE risk; --", "back\\slash\\'", "a|layername=cells|subset=1", '全部" OR 1=1 --']
REASON = "[% env('HOME') %] <b>bold</b> $CURRENT_DATE(yyyy) 供水31件"
CITY = "[% 6*7 %]<i>云汀</i>"


@pytest.fixture(scope="module")
def sample(tmp_path_factory, city_run):
    """A run of the sample city."""
    return shutil.copytree(city_run, tmp_path_factory.mktemp("project") / "city") / "run"


@pytest.fixture(scope="module")
def desk(tmp_path_factory, require, root):
    """A QGIS profile with the plugin."""
    return Desk(tmp_path_factory.mktemp("profile"), require("qgis")).put_plugin(root)


def warnings_of(run):
    with (run / "early_warnings.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def told(desk, sample):
    """What one QGIS session tells of the sample run."""
    parts = ["shown", "played", "classed", "flashed", "printed", "damaged", "second", "backwards", "beside"]
    return desk.ask("show_results.py", run=str(sample), locale="en", parts=parts, warnings=warnings_of(sample))


@pytest.fixture(scope="module")
def hostile(desk, sample, tmp_path_factory):
    """The same run with classes, a reason and a city that mean harm, in a Chinese QGIS."""
    run = tmp_path_factory.mktemp("hostile") / "张三 100% #1? 文档" / "run"
    shutil.copytree(sample, run)
    poison(run)
    return run, desk.ask("show_results.py", run=str(run), locale="zh_CN", parts=["shown", "classed", "printed"])


def poison(run):
    with sqlite3.connect(run / "results.gpkg") as book:
        book.create_function("ST_IsEmpty", 1, lambda shape: 0)  # the file's triggers name GDAL's own functions
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            book.create_function(name, 1, lambda shape: 0.0)
        classes = [row[0] for row in book.execute("SELECT DISTINCT category FROM risk WHERE category <> '全部'")]
        for old, new in zip(classes, HOSTILE, strict=True):
            for table in ("risk", "hotspots"):
                book.execute(f"UPDATE {table} SET category = ? WHERE category = ?", (new, old))
        book.execute("UPDATE early_warnings SET reason = ?, cell_name = ?", (REASON, REASON))
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    manifest["plan"]["plan"]["city"] = CITY
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_one_group_holds_the_layers_in_their_order(told):
    """Boundaries lie above the evidence, of which one is drawn at a time; points and most evidence wait."""
    assert told["shown"]["outputs"] == ORDER
    [[name, checked, nodes]] = told["shown"]["tree"]
    assert (name, checked) == ("GridBeacon · run", True)
    assert [[node[0], node[1]] for node in nodes] == [
        ["Early warnings", True],
        ["Incidents day by day", True],
        ["Points that were not counted", False],
        ["Boundaries of the units", True],
        ["Evidence: all incidents, grid cell", True],
    ]
    assert [[node[0], node[1]] for node in nodes[4][2]] == [
        ["Risk", True],
        ["Hot spots", False],
        ["How hot spots came about", False],
        ["Density (events/km² per period)", False],
    ]


def test_layers_find_their_places_whatever_the_order_they_come_in(told):
    assert told["backwards"] == told["shown"]["tree"]


def test_shown_twice_it_is_there_once(told):
    """The user's name of the group stays; a layer taken out comes back to its place, the others are not touched."""
    assert told["shown"]["same"]
    assert told["shown"]["back"] == ORDER
    [[name, _, nodes]] = told["shown"]["tree_after"]
    assert name == "mine"
    assert next(node[0] for node in nodes[4][2]) == "Risk" and len(nodes) == 5


def test_legends_speak_in_words(told, hostile):
    """In both languages, no code and no bare number of a level; every column has a name."""
    layers = told["shown"]["layers"]
    assert layers["EARLY_WARNINGS"]["legend"] == [
        "I red · Check now",
        "II orange · Check today",
        "III yellow · Watch",
        "IV blue · Note",
        "ended or merged",
        "beyond the day's budget",
    ]
    assert layers["RISK"]["legend"][0] == "very high" and layers["HOTSPOTS"]["legend"][0] == "hot spot, all but certain"
    assert layers["EMERGING"]["legend"][0] == "new hot spot"
    assert all(re.fullmatch(r"(≥ )?\d+( – \d+)? a day", words) for words in layers["DAYS"]["legend"])
    assert any(words.startswith("in no cell (") for words in layers["EXCLUDED"]["legend"]), layers["EXCLUDED"]["legend"]
    chinese = hostile[1]["shown"]["layers"]
    assert chinese["EARLY_WARNINGS"]["legend"][0] == "I 红 · 立即核查" and chinese["RISK"]["name"] == "风险"
    assert any(words.startswith("不在任何网格内 (") for words in chinese["EXCLUDED"]["legend"])
    for name, layer in layers.items():
        assert not re.search(r"[\u4e00-\u9fff]", "".join(layer["legend"])) or name == "CELLS", layer["legend"]
    for layer in chinese.values():
        unnamed = [name for name, alias in layer.get("aliases", {}).items() if not alias and name != "fid"]
        assert not unnamed, (layer["name"], unnamed)
    assert chinese["RISK"]["aliases"]["window_end"] == "截止(不含)"


def test_layers_are_read_only_and_the_file_stays_as_it_was(told):
    """QGIS alone would change the file's journal mode, and with it the checksum that the manifest bears."""
    assert told["shown"]["untouched"] and told["classed"]["untouched"]
    assert all(layer["read_only"] for layer in told["shown"]["layers"].values() if "read_only" in layer)


def test_days_are_ready_to_be_played(told, sample):
    """A frame a day over the window, standing on the last; each frame shows its own day; pressing play moves."""
    played = told["played"]
    assert (played["total"], played["standing"]) == (28, 27)
    assert played["project"] == ["2025-12-04 00:00", "2026-01-01 00:00"]
    with sqlite3.connect(sample / "results.gpkg") as book:
        days = dict(book.execute("SELECT substr(day_start, 1, 10), count(*) FROM days GROUP BY 1"))
    assert played["frames"]["DAYS"] == [days.get(f"2025-12-{day:02d}", 0) for day in range(4, 32)]
    seen = [int(row["first_seen"][8:10]) for row in warnings_of(sample)]
    lit = [sum(first <= day for first in seen) for day in range(4, 32)]
    assert played["frames"]["EARLY_WARNINGS"] == lit, "a beacon is lit when it is first seen, and stays lit"
    assert played["seen"][-4:] == ["2025-12-05", "2025-12-06", "2025-12-07", "2025-12-08"], "from the first day again"
    timed = {name for name, layer in told["shown"]["layers"].items() if layer.get("timed")}
    assert timed == {"EARLY_WARNINGS", "DAYS"}


def test_a_layer_says_where_it_comes_from(told, hostile, sample):
    """In metadata and notes: files by checksum, account, what chance alone would light, the internal line; escaped."""
    manifest = json.loads((sample / "manifest.json").read_text(encoding="utf-8"))
    for layer in told["shown"]["layers"].values():
        assert layer["rights"] == ["Internal analysis, not a statutory warning"]
        assert f"rows read {manifest['account']['rows_in']:,}" in layer["abstract"]
        assert "false by chance a week" in layer["abstract"] and manifest["plan_version"] in layer["abstract"]
        assert any(manifest["inputs"]["cells.geojson.zip"] in line for line in layer["history"])
        assert "Internal analysis, not a statutory warning" in layer["notes"]
    notes = hostile[1]["shown"]["layers"]["RISK"]["notes"]
    assert "[% 6*7 %]&lt;i&gt;云汀&lt;/i&gt;" in notes and "<i>" not in notes
    assert "内部研判,不构成法定预警发布" in notes


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_one_class_on_one_level_is_shown_whatever_its_name(which, told, hostile, sample):
    """Counted beside SQLite with bound values; names with quotes, backslashes, bars and statements are only names."""
    run, answer = (sample, told) if which == "plain" else hostile
    found = answer["classed"]
    with sqlite3.connect(run / "results.gpkg") as book:
        classes = {row[0] for row in book.execute("SELECT DISTINCT category FROM risk")}
        assert set(found["classes"]) == classes and found["classes"][0] == "全部"
        if which == "hostile":
            assert classes == {"全部", *HOSTILE}
        for category, level, risk, hot, emerging, remembered in found["counts"]:
            one = "category = ? AND unit_level = ? AND role = 'territorial'"
            counts = [
                book.execute(f"SELECT count(*) FROM {table} WHERE {one}", (category, level)).fetchone()[0]
                for table in ("risk", "hotspots")
            ]
            patterns = "SELECT count(*) FROM hotspots WHERE pattern <> '' AND unit_level = ?"
            assert [risk, hot] == counts and remembered, (category, level)
            assert emerging == book.execute(patterns, (level,)).fetchone()[0]
    assert [level for level, _ in found["levels"]] == [4, 3, 2, 1]
    last = found["classes"][-1]
    everything, name = ("all incidents", "Evidence: ") if which == "plain" else ("全部事项", "研判依据:")
    assert found["switched"][:5] == [everything, last, 3, [last], [3]]
    assert found["switched"][5].startswith(name + last)


def test_a_warning_is_zoomed_to_and_flashes_in_any_coordinate_system(told, sample):
    """The unit fills half the map or more; the units that carry it flash with it; an unknown place is refused."""
    found, flashes, refused, heard = told["flashed"]
    rows = warnings_of(sample)
    assert [entry[0] for entry in found[:: len(rows)]] == ["EPSG:32649", "EPSG:4326", "EPSG:3857"]
    assert all(inside and large for _, inside, large in found), found
    carriers = [1 + len([code for code in row["place_ids"].split(";") if code]) for row in rows]
    assert flashes == [[number, "EPSG:32649"] for number in carriers] * 3
    assert refused == "The place of this warning is not in the run."
    assert heard == [rows[0]["cell_id"]]


def test_the_atlas_has_a_page_for_each_warning(told, sample):
    """The PDF says the reason, the place, the verb, the account and the internal line."""
    rows = warnings_of(sample)
    printed = told["printed"]
    assert (printed["pages"], printed["names"], printed["found"]) == (len(rows), ["GridBeacon · run"], True)
    assert printed["trouble"].startswith("The pages could not be written")
    pages = pdf_text(sample.parent / "pages.pdf")
    assert len(pages) == len(rows)
    for row, page in zip(rows, pages, strict=True):
        assert letters(row["cell_name"]) in page and letters(row["responsible"]) in page
        assert letters("Internal analysis, not a statutory warning") in page
        assert letters(row["reason_en"])[:12] in page or letters(row["reason"])[:4] in page


def test_text_of_the_data_is_printed_and_never_evaluated(hostile):
    """Expressions, dates and markup in a reason, a place or the city's name stand on the page as they are."""
    pages = pdf_text(hostile[0].parent / "pages.pdf")
    for page in pages:
        assert letters("[%env('HOME')%]<b>bold</b>") in page, page
        assert letters("$CURRENT_DATE") in page and letters("[%") in page


def pdf_text(path: Path) -> list[str]:
    text = subprocess.run(["pdftotext", "-raw", str(path), "-"], capture_output=True, text=True, check=True).stdout
    return [letters(page) for page in text.split("\f") if page.strip()]


def letters(text: str) -> str:
    """Without the blanks and digits that a PDF keeps or not; Kangxi radicals are the signs they look like."""
    import unicodedata

    return re.sub(r"[\s\d]", "", unicodedata.normalize("NFKC", text)).replace("⻛", "风").replace("⻩", "黄")


def test_of_a_damaged_run_nothing_is_added_and_the_reason_is_told(told):
    for kind, problem, nothing in told["damaged"]:
        assert problem.startswith("The results of this run cannot be opened"), (kind, problem)
        assert "Run once more" in problem and nothing, kind


def test_another_run_is_played_with_the_first_and_seen_instead_of_it(told):
    """Days of both; the first one's group switched off; a layer that a run has not made is left out."""
    second = told["second"]
    assert second["tree"] == [["GridBeacon · second", True], ["mine", False]]
    assert second["outputs"] == [name for name in ORDER if name != "EMERGING"]
    assert (second["days"], second["frame"]) == (["2025-12-04", "2026-01-03"], 29)
    assert second["middle"]


def test_opened_by_a_task_the_window_goes_on(told):
    """The same layers, one group, and a damaged run adds nothing."""
    beside = told["beside"]
    assert (beside["layers"], beside["groups"]) == (ORDER, 1)
    assert beside["longest"] < 1.0
    assert beside["city"], "the map goes to the city"
    assert beside["failed"] == ["The results of this run cannot be opened: Early warnings."]


def test_a_run_is_added_whole_or_not_at_all(told):
    """Another project while it is opened, or a fault in the midst of it: nothing is added, a fault is told once."""
    assert told["beside"]["another"] == [0, []]
    assert told["beside"]["faulty"] == [0, ["fault"]]
