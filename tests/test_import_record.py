"""This import against the last: what appeared, vanished, changed its volume or its name; and the plan remembers."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.plan_file import save_tables
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers.columns.names import suggest_columns
from gridbeacon.layers.import_record import compare, make_record, read_record, write_record
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.preparation import Inputs, prepare

FILE = {
    "name": "a.csv",
    "columns": ["编号", "时间"],
    "encoding": "gb18030",
    "crs": "EPSG:4326",
    "layout": "L",
    "rows": 9,
}
KINDS = ("供水/漏水", "噪声/工地施工", "市容/占道经营")


def incidents(first, last, kinds=KINDS, per_day=6, source="12345"):
    days = pd.date_range(first, last, tz="Asia/Shanghai")
    draw = np.random.default_rng(5)
    rows = [(day, kind, source) for day in days for kind in kinds for _ in range(draw.poisson(per_day))]
    return pd.DataFrame(rows, columns=["time", "category", "source"])


def record(table, **changed):
    facts = {"timezone": "Asia/Shanghai", "mapping": {"time": "时间"}, "plan_version": "p"}
    return make_record([{**FILE, **changed}], table, **facts)


LAST = record(incidents("2025-01-01", "2025-03-31"))


def codes(now):
    return {n.code for n in compare(LAST, now).notices}


def test_the_same_city_a_week_later_differs_in_nothing():
    assert compare(LAST, record(incidents("2025-01-01", "2025-04-07"))).notices == ()
    assert compare(LAST, record(incidents("2025-04-01", "2025-04-07"))).notices == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"columns": ["编号", "时间", "来源"]}, "N-PAST-001"),
        ({"columns": ["时间"]}, "N-PAST-002"),
        ({"encoding": "utf-8"}, "N-PAST-004"),
        ({"crs": "EPSG:4490"}, "N-PAST-005"),
        ({"layout": "M"}, "N-PAST-006"),
    ],
)
def test_what_changed_in_the_file_is_named(changed, code):
    assert codes(record(incidents("2025-04-01", "2025-04-07"), **changed)) == {code}


def test_a_silent_source_a_flood_and_a_new_class_are_told():
    half = incidents("2025-04-01", "2025-04-07", KINDS, per_day=1)
    assert codes(record(half)) == {"N-PAST-010"}
    flood = incidents("2025-04-01", "2025-04-07", KINDS, per_day=30)
    assert codes(record(flood)) == {"N-PAST-010"}
    new = pd.concat([incidents("2025-04-01", "2025-04-07"), incidents("2025-04-01", "2025-04-07", ["宠物/走失"], 1)])
    assert "N-PAST-007" in codes(record(new))
    assert "N-PAST-008" in codes(record(incidents("2025-04-01", "2025-04-07", KINDS[:2])))


def test_a_renamed_class_is_suggested_and_neither_new_nor_gone():
    now = record(incidents("2025-04-01", "2025-04-07", ("供水/漏水", "噪声/工地噪声", "市容/占道经营")))
    found = compare(LAST, now)
    assert [(r.old, r.new) for r in found.renamings] == [("噪声/工地施工", "噪声/工地噪声")]
    assert {n.code for n in found.notices} == {"N-PAST-009"}


def test_records_are_written_whole_and_refused_when_they_are_none(tmp_path):
    path = write_record(LAST, tmp_path / "city" / "last_import.json")
    assert read_record(path) == LAST
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_record(path)


def test_a_rename_in_the_plan_raises_neither_surge_nor_silence(tmp_path):
    """The same files with the class renamed for the last weeks: with [classes] the counts are those of before."""
    calls, cells = make_tiny_city(tmp_path / "tiny")
    text = calls.read_text(encoding="utf-8").splitlines()
    renamed = [line.replace("供水/水管爆裂", "供水/管道爆裂") if line[7:17] > "2025-04-10" else line for line in text]
    other = tmp_path / "renamed.csv"
    other.write_text("\n".join(renamed) + "\n", encoding="utf-8")
    assert renamed != text
    silent = lambda fraction, text: None  # noqa: E731
    before = prepare(Plan(), Inputs((str(calls),), str(cells)), silent)
    classes = {"供水/管道爆裂": "供水/水管爆裂"}
    after = prepare(Plan(), Inputs((str(other),), str(cells), classes=classes), silent)
    pd.testing.assert_frame_equal(before.counts.table, after.counts.table)
    assert "N-CLASS-005" in {n.code for n in after.notices}


def test_a_run_leaves_a_record_and_the_next_check_compares_with_it(tmp_path, capfd):
    calls, cells = make_tiny_city(tmp_path / "tiny")
    plan = tmp_path / "city.toml"
    plan.write_text(f'[inputs]\nincidents = ["{calls.as_posix()}"]\ncells = "{cells.as_posix()}"\n', encoding="utf-8")
    last = tmp_path / "last_import.json"
    run(Plan(), [calls], cells, out=tmp_path / "out", record=last)
    assert json.loads(last.read_text(encoding="utf-8"))["classes"]["供水/水管爆裂"] > 25
    assert execute(["check", "--plan", str(plan), "--progress", "none", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["against"]["notices"] == []


def test_one_command_saves_the_mapping_and_leaves_the_rest_of_the_plan(tmp_path):
    calls, cells = make_tiny_city(tmp_path / "tiny")
    plan = tmp_path / "city.toml"
    start = (
        f'# ours\n[inputs]\nincidents = ["{calls.as_posix()}"]\ncells = "{cells.as_posix()}"\n\n[plan]\nwindow = 14\n'
    )
    plan.write_text(start, encoding="utf-8")
    asked = ["check", "--plan", str(plan), "--save-mapping", "--rename", "旧=新", "--progress", "none"]
    assert execute(asked) == 0
    text = plan.read_text(encoding="utf-8")
    saved = tomllib.loads(text)
    assert text.startswith(start)
    assert saved["columns"] == {
        "time": "受理时间",
        "category": "诉求类型",
        "id": "工单编号",
        "lon": "经度",
        "lat": "纬度",
    }
    assert saved["classes"] == {"旧": "新"}
    assert execute(asked) == 0
    assert plan.read_text(encoding="utf-8") == text


def test_entries_are_replaced_where_they_stand(tmp_path):
    plan = tmp_path / "p.toml"
    plan.write_text('[columns]\ntime = "a" # old\ncell_id = "码"\n\n[plan]\nwindow = 7\n', encoding="utf-8")
    assert save_tables(plan, {"columns": {"time": "b", "id": '"x"'}}) == [
        '[columns] time = "b"',
        '[columns] id = "\\"x\\""',
    ]
    assert tomllib.loads(plan.read_text(encoding="utf-8")) == {
        "columns": {"time": "b", "cell_id": "码", "id": '"x"'},
        "plan": {"window": 7},
    }
    plan.write_text("columns = 3\n", encoding="utf-8")
    with pytest.raises(InputError):
        save_tables(plan, {"columns": {"time": "b"}})


def test_a_nearly_known_column_is_a_question_and_never_an_answer(tmp_path, capfd):
    assert [(s.role, s.column) for s in suggest_columns(["承办单位名称", "时间", "联系电话2"], ["时间"], ["time"])] == [
        ("handler", "承办单位名称")
    ]
    calls, cells = make_tiny_city(tmp_path / "tiny")
    text = calls.read_text(encoding="utf-8").replace("受理时间", "工单受理时刻", 1)
    calls.write_text(text, encoding="utf-8")
    asked = ["check", "--incidents", str(calls), "--cells", str(cells), "--progress", "none"]
    assert execute(asked) == 2
    assert "Perhaps --time 工单受理时刻?" in capfd.readouterr().err
    assert execute([*asked, "--time", "工单受理时刻"]) == 0
