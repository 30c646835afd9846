"""The story of a unit: read from results.gpkg, drawn by Qt 5 and Qt 6, exported; files dropped."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path, PureWindowsPath

import pytest
from gridbeacon.errors import InputError
from gridbeacon.plugin.read_only import address
from gridbeacon.plugin.story.dropped import holds_incidents, sorted_out
from gridbeacon.plugin.story.export import file_name, write_csv
from gridbeacon.plugin.story.figures import facts, series
from gridbeacon.plugin.story.plots import nice_top
from gridbeacon.plugin.story.record import read_story

HOSTILE = "<img src=x onerror=alert(1)>=1+1"
WINDOW = ("2025-03-01", "2025-04-01")
CELLS = (
    ("CITY", "全市", 0, "", "territorial", "全市"),
    ("S1", "听潮街道", 2, "CITY", "territorial", "街道"),
    ("G1", "01网格", 4, "S1", "territorial", "网格"),
    ("G2", "02网格", 4, "S1", "territorial", "网格"),
    ("P1", "港区", 4, "", "sectoral", ""),
)
WARNINGS = (
    (2, "w2", "orange", "CITY", "全市", "待研判"),
    (1, "w1", "red", "G1", HOSTILE, "待研判"),
    (3, "w3", "blue", "P1", "港区", "已销号"),
)


@pytest.fixture
def run(tmp_path):
    """A run of five units in a folder with an awkward name."""
    folder = tmp_path / "张三 文档 #1 ? 100%20"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "results.gpkg")) as tables:
        make_tables(tables)
        tables.executemany(
            "INSERT INTO cells (cell_id, name, unit_level, parent, role, level_name) VALUES (?, ?, ?, ?, ?, ?)", CELLS
        )
        tables.executemany(
            "INSERT INTO early_warnings"
            " (rank, warning_id, level, cell_id, cell_name, state, category, reason, reason_en)"
            f" VALUES (?, ?, ?, ?, ?, ?, '{HOSTILE}', '{HOSTILE}', '{HOSTILE}')",
            WARNINGS,
        )
        classes = json.dumps({"供水/水管": 1, HOSTILE: 2}, ensure_ascii=False)
        hours, weekdays = " ".join("0" * 23) + " 3", "1 0 0 0 0 2 0"
        told = [
            ("CITY", "2025-01-01", "0:3 89:4", hours, weekdays, classes, *WINDOW, "5 6"),
            ("G1", "2025-01-11", "0:1 79:3", hours, weekdays, classes, *WINDOW, ""),
        ]
        tables.executemany("INSERT INTO stories VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", told)
        tables.commit()
    reporting = {"reporting": [{"time": "2025-03-31T00:00:00", "share": 0.5}]}
    (folder / "manifest.json").write_text(json.dumps(reporting), encoding="utf-8")
    return folder


def make_tables(tables):
    tables.execute(
        "CREATE TABLE cells (fid INTEGER PRIMARY KEY, geom BLOB, cell_id TEXT, name TEXT, unit_level INTEGER,"
        " parent TEXT, role TEXT, population REAL, responsible TEXT, level_name TEXT)"
    )
    tables.execute(
        "CREATE TABLE early_warnings (fid INTEGER PRIMARY KEY, geom BLOB, rank INTEGER, warning_id TEXT, level TEXT,"
        " cell_id TEXT, cell_name TEXT, state TEXT, category TEXT, reason TEXT, reason_en TEXT)"
    )
    tables.execute(
        "CREATE TABLE stories (cell_id TEXT, first_day TEXT, days TEXT, hours TEXT, weekdays TEXT, classes TEXT,"
        " window_start TEXT, window_end TEXT, missing TEXT)"
    )
    for name in ("cells", "stories"):
        tables.execute(f"CREATE INDEX {name}_by ON {name} (cell_id)")


def test_a_story_counts_over_the_history_of_the_city(run):
    """Days of a unit are counted from its own first day, but told from the first day of all."""
    story = read_story(run, "G1")
    assert (story.first_day, len(story.days)) == (date(2025, 1, 1), 90)
    assert {place: number for place, number in enumerate(story.days) if number} == {10: 1, 89: 3}
    assert (story.total, story.in_window) == (4, 3)
    assert story.hours == (0,) * 23 + (3,) and story.weekdays == (1, 0, 0, 0, 0, 2, 0)
    assert story.classes == ((HOSTILE, 2), ("供水/水管", 1))
    assert [unit.cell_id for unit in story.above] == ["S1", "CITY"]
    assert story.place == "听潮街道 · 01网格"
    assert story.missing == {date(2025, 1, 6), date(2025, 1, 7)}
    assert story.reported == {date(2025, 3, 31): 0.5}


@pytest.mark.parametrize(
    ("cell_id", "places"),
    [
        ("G1", [("w1", "here"), ("w2", "above")]),
        ("G2", [("w2", "above")]),
        ("S1", [("w1", "below"), ("w2", "above")]),
        ("CITY", [("w1", "below"), ("w2", "here"), ("w3", "below")]),
        ("P1", [("w2", "above"), ("w3", "here")]),
    ],
)
def test_warnings_above_and_below_belong_to_the_story(run, cell_id, places):
    assert [(found.row["warning_id"], found.place) for found in read_story(run, cell_id).warnings] == places


def test_no_incidents_say_what_was_checked_and_that_this_is_not_no_risk(run):
    story = read_story(run, "G2")
    assert (story.total, len(story.days)) == (0, 90)
    assert facts(story) == (
        "No incidents in 2025-01-01 – 03-31. What was checked: every class on each of 88 days with data. "
        "2 days have no data. What nobody reported is not seen: no incidents is not no risk."
    )


def test_bars_tell_days_without_data_and_days_not_yet_reported(run):
    bars = series(read_story(run, "G1"))
    assert bars[5].missing and bars[5].words == "2025-01-06: no data, which is not calm"
    assert bars[89].partial and "about 50% of the last reports are in" in bars[89].words
    assert not bars[10].partial and bars[10].words == "2025-01-11: 1 incidents"
    assert [place for place, bar in enumerate(bars) if bar.shaded] == list(range(59, 90))


def test_a_long_history_is_drawn_by_weeks_that_begin_on_monday(run):
    with closing(sqlite3.connect(run / "results.gpkg")) as tables:
        tables.execute("UPDATE stories SET first_day = '2024-01-03' WHERE cell_id = 'CITY'")
        tables.commit()
    bars = series(read_story(run, "G1"))
    assert bars[0].words.startswith("2024-01-01 – 01-07: 0 incidents (data of 5 of 7 days)")
    assert sum(bar.value for bar in bars) == 4 and len(bars) == 66


def test_the_file_is_only_read(run):
    before = (run / "results.gpkg").read_bytes()
    with closing(sqlite3.connect(address(run / "results.gpkg"), uri=True)) as tables:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            tables.execute("DELETE FROM cells")
        assert tables.execute("SELECT count(*) FROM cells").fetchone() == (5,)
    assert (run / "results.gpkg").read_bytes() == before
    assert {path.name for path in run.iterdir()} == {"results.gpkg", "manifest.json"}


def test_a_run_that_is_gone_or_older_is_told(run, tmp_path):
    with pytest.raises(InputError, match=r"cannot be read: unable to open"):
        read_story(tmp_path / "gone", "G1")
    with pytest.raises(InputError, match="knows no unit G9"):
        read_story(run, "G9")
    with closing(sqlite3.connect(run / "results.gpkg")) as tables:
        tables.execute("DROP TABLE stories")
        tables.commit()
    assert facts(read_story(run, "G1")) == "This run has kept no history of single units. Run again to see it."


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE stories SET classes = '[1]'",
        "UPDATE stories SET classes = '{'",
        "UPDATE cells SET population = 'many'",
        "ALTER TABLE cells RENAME COLUMN parent TO above",
    ],
)
def test_a_damaged_run_is_told_in_words(run, damage):
    with closing(sqlite3.connect(run / "results.gpkg")) as tables:
        tables.execute(damage)
        tables.commit()
    with pytest.raises(InputError, match="cannot be read"):
        read_story(run, "G1")
    (run / "results.gpkg").write_bytes(b"no database " * 100)
    with pytest.raises(InputError, match="cannot be read"):
        read_story(run, "S1")


@pytest.mark.parametrize("text", ["{", "[1]", '{"reporting": [{"share": 0.5}]}'])
def test_a_damaged_manifest_is_told_in_words(run, text):
    (run / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_story(run, "G1")


def test_a_day_of_which_nothing_is_reported_yet_is_not_known(run):
    reporting = {"reporting": [{"time": "2025-03-30", "share": 0}, {"time": "2025-03-31", "share": None}]}
    (run / "manifest.json").write_text(json.dumps(reporting), encoding="utf-8")
    assert read_story(run, "G1").reported == {date(2025, 3, 30): 0.0}


@pytest.mark.parametrize(
    ("place", "uri"),
    [
        (PureWindowsPath("D:/张 三#1/results.gpkg"), "file:///D:/%E5%BC%A0%20%E4%B8%89%231/results.gpkg?mode=ro"),
        (PureWindowsPath("//server/share/a?b/c.gpkg"), "file:////server/share/a%3Fb/c.gpkg?mode=ro"),
    ],
)
def test_a_file_on_a_drive_and_in_the_network_has_an_address(place, uri, monkeypatch):
    monkeypatch.setattr(PureWindowsPath, "absolute", lambda self: self, raising=False)
    assert address(place) == uri


def test_a_story_of_a_large_city_is_there_at_once(tmp_path):
    """63,684 cells, three years of days each: nothing is scanned."""
    days = " ".join(f"{day}:1" for day in range(0, 1090, 5))
    with closing(sqlite3.connect(tmp_path / "results.gpkg")) as tables:
        make_tables(tables)
        cells = ((b"0" * 500, f"{n:015d}", f"{n % 2000}" if n >= 2000 else "CITY", n) for n in range(63_684))
        tables.executemany("INSERT INTO cells (geom, cell_id, parent, unit_level) VALUES (?, ?, ?, ?)", cells)
        told = ((f"{n:015d}", "2023-01-01", days, "2025-12-01", "2026-01-01") for n in range(63_684))
        tables.executemany(
            "INSERT INTO stories (cell_id, first_day, days, window_start, window_end) VALUES (?, ?, ?, ?, ?)", told
        )
        warned = [(n, f"{n * 200:015d}") for n in range(300)]
        tables.executemany("INSERT INTO early_warnings (rank, cell_id) VALUES (?, ?)", warned)
        tables.commit()
    took = []
    for cell_id in ("000000000063683", "000000000031000", "000000000000005"):
        begun = time.process_time()
        assert read_story(tmp_path, cell_id).total == 218
        took.append(time.process_time() - begun)
    assert max(took) < 0.05, took


def test_a_scale_ends_on_a_number_whose_half_is_whole():
    assert [nice_top(value) for value in (0, 1, 2, 3, 10, 13, 99, 101, 555, 1234)] == [
        *(1, 1, 2, 4, 10, 14, 100, 120, 560, 1400),
    ]


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_panel_shows_it_in_both_versions_of_qt(run, tmp_path, binding, language):
    pytest.importorskip(binding)
    export = tmp_path / "单元.csv"
    command = [sys.executable, Path(__file__).parent / "panel_in_a_child.py", binding, run, export]
    environment = {**os.environ, "GRIDBEACON_LANG": language}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["qt"] == binding[-1] and told["found"] and told["drawn"]
    assert told["unit"]["plain"] and told["unit"]["fits"]
    words = {
        "en": ("I red · Check now", "Incidents a day", "· assigned"),
        "zh": ("I 红 · 立即核查", "每日件数", "已交办"),
    }
    level, heading, judged = words[language]
    assert f"{level} · {HOSTILE}" in told["unit"]["labels"] and heading in told["unit"]["labels"]
    assert any(judged in label for label in told["judged"]) and told["above"][0] == "听潮街道"
    assert not any(judged in label for label in told["unit"]["labels"])
    assert sum(told["bars"]) == 4 and told["shaded"][0] == 59 and told["missing"] == [5, 6]
    assert told["tooltip"].startswith("2025-01-02") and all(told["spoken"])
    assert not told["calm_plots"] and any("88" in label for label in told["calm"])
    assert (told["unknown"], told["gone"], told["stays"]) == (False, False, "G2")
    assert told["waits"] == ["G1"] and told["shown"] == ["G1", "G1", "S1", "G2"] and len(told["failed"]) == 2
    assert export.read_bytes().startswith(b"\xef\xbb\xbf")


def test_an_exported_class_is_no_formula(run, tmp_path):
    with closing(sqlite3.connect(run / "results.gpkg")) as tables:
        tables.execute('UPDATE stories SET classes = \'{"=1+1": 2, "=2": 1, "水": 1}\' WHERE cell_id = \'G1\'')
        tables.commit()
    story = read_story(run, "G1")
    write_csv(story, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["cell_id", "what", "which", "incidents"]
    assert rows[-3:] == [["G1", "class", "'=1+1", "2"], ["G1", "class", "'=2", "1"], ["G1", "class", "水", "1"]]
    assert len(rows) == 1 + 90 + 24 + 7 + 3 and file_name(story) == "G1.csv"
    assert [path.suffix for path in tmp_path.iterdir() if path.is_file()] == [".csv"]


POLYGON = '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Polygon", '
POINT = '{"features": [{"properties": {"受理时间": "2026-01-05", "诉求大类": "水"}, "geometry": {"type": "Point"}}]}'
TABLE = "工单编号,受理时间,诉求大类\n1,2026-01-05,POLYGON\n"


def test_dropped_files_go_where_they_belong(tmp_path, root):
    """By what is in them, not by what they are called; what is no table of ours is told."""
    files = {
        "cells.geojson": POLYGON,
        "网格.json": POLYGON,
        "points.geojson": POINT,
        "polygons.csv": TABLE,
        "a.txt": TABLE,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "old.csv").write_bytes(TABLE.encode("gb18030"))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        archive.writestr("read me.txt", "x")
        archive.writestr("cells.geojson", POLYGON)
    with gzip.open(tmp_path / "cells.geojson.gz", "wt") as packed:
        packed.write(POLYGON)
    with closing(sqlite3.connect(tmp_path / "cells.gpkg")) as tables:
        tables.executescript(
            "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);"
            "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT);"
            "INSERT INTO gpkg_contents VALUES ('cells', 'features');"
            "INSERT INTO gpkg_geometry_columns VALUES ('cells', 'geom', 'MULTIPOLYGON');"
        )
        tables.commit()
    found = sorted_out([str(path) for path in sorted(tmp_path.iterdir())] + [str(tmp_path)])
    names = [[Path(path).name for path in paths] for paths in found]
    assert names[0] == ["broken.zip", "old.csv", "points.geojson", "polygons.csv"]
    assert names[1] == ["cells.geojson", "cells.geojson.gz", "cells.gpkg", "cells.zip", "网格.json"]
    assert names[2] == ["a.txt", tmp_path.name]
    sample = root / "sample_data"
    assert sorted_out([str(sample / "cells.geojson.zip")]).cells and holds_incidents(sample / "incidents_2025.csv.zip")
    assert [holds_incidents(tmp_path / name) for name in ("old.csv", "points.geojson")] == [True, True]
    others = ("cells.gpkg", "broken.zip", "a.txt", "cells.zip")
    assert not any(holds_incidents(tmp_path / name) for name in others)
    (tmp_path / "sales.csv").write_text("date,amount\n2026-01-05,3\n", encoding="utf-8")
    assert not holds_incidents(tmp_path / "sales.csv")
