"""Personal canaries planted in every column of an input: none comes out, in whatever file, message or notice."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers.incidents import read_incidents
from gridbeacon.layers.privacy import Privacy, Pseudonyms
from gridbeacon.pipeline import Plan, check_inputs, run

PHONE, CARD, PLATE, NAME, MAIL = "13912345678", "11010519491231002X", "粤B·D12345", "欧阳测试人", "canary@example.cn"
CANARIES = (PHONE, CARD, "D12345", NAME, MAIL)
PLANTED = f"{PHONE} {CARD} {PLATE} 联系人:{NAME} {MAIL}"
EXTRA = (
    "来源",
    "办理类型",
    "严重程度",
    "上报时间",
    "办结时间",
    "承办单位",
    "网格编码",
    "联系人姓名",
    "联系电话",
    "诉求内容",
    "自定义列",
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The tiny city with more columns; every column holds all canaries in a row of its own, and one row in each."""
    folder = tmp_path_factory.mktemp("canaries")
    calls, cells = make_tiny_city(folder)
    rows = list(csv.reader(calls.open(encoding="utf-8")))
    head = [*rows[0], *EXTRA]
    plain = ["12345", "办理", "1", "", "", "水务局", "", "", "", "路面积水", "甲"]
    body = [[*row, *plain] for row in rows[1:]]
    for column in range(len(head)):
        row = list(body[-1])
        row[0] = f"C{column:04d}"
        row[column] = PLANTED
        body.append(row)
        for number, one in enumerate((PHONE, CARD, PLATE, f"联系人:{NAME}", MAIL)):
            body.append(list(row))
            body[-1][0], body[-1][column] = f"D{column:03d}{number}", one
    real = body[: len(rows) - 1]
    for number, row in enumerate(real[-25:]):  # the burst once more: it is warned of, and so written everywhere
        burst = [f"B{number:03d}", row[1], f"急事{PLANTED}", *row[3:]]
        burst[head.index("来源")] = burst[head.index("承办单位")] = PLANTED
        body.append(burst)
    for row in body:
        row[head.index("联系人姓名")], row[head.index("联系电话")] = NAME, PHONE
    with calls.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *body])
    return calls, cells


def leaks(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def texts_of(folder):
    """Every file of a folder as text, archives unpacked: whatever encoding, a canary would be seen."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        parts = [data]
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        for part in parts:
            yield path.name, part.decode("utf-8", errors="ignore") + part.decode("utf-16", errors="ignore")


def test_no_canary_leaves_a_run(planted, tmp_path, capfd):
    calls, cells = planted
    asked = ["run", "--incidents", str(calls), "--cells", str(cells), "--out", str(tmp_path / "out"), "--json"]
    asked += ["--public", str(tmp_path / "public")]
    assert execute([*asked, "--progress", "json"]) == 0
    said = capfd.readouterr()
    assert leaks(said.out) == [] and leaks(said.err) == []
    assert {name: found for name, text in texts_of(tmp_path) if (found := leaks(text))} == {}
    assert (tmp_path / "public" / "briefing.html").exists()


def test_the_net_would_catch_one(planted, tmp_path, monkeypatch):
    """Without the masking the same search finds the canaries."""
    monkeypatch.setattr("gridbeacon.layers.incidents.rows.mask_personal", lambda text: text)
    plan = Plan().with_settings({"street_per_week": 9})  # none is kept back
    run(plan, [planted[0]], planted[1], out=tmp_path / "out")
    caught = {name for name, text in texts_of(tmp_path / "out") if leaks(text)}
    assert caught >= {"briefing.html", "early_warnings.csv", "early_warnings.xlsx", "results.gpkg", "briefing.docx"}


def test_no_canary_leaves_a_check_or_a_record(planted, tmp_path):
    calls, cells = planted
    found = check_inputs(Plan(), [calls], cells, out=tmp_path / "report")
    assert leaks(json.dumps(found, ensure_ascii=False)) == []
    run(Plan(), [calls], cells, out=tmp_path / "out", record=tmp_path / "record.json")
    assert {name: seen for name, text in texts_of(tmp_path) if (seen := leaks(text))} == {}


def test_no_canary_is_in_the_incidents_themselves_even_with_pseudonyms_and_text(planted):
    calls, _ = planted
    intake = read_incidents([calls], columns={"text": "诉求内容"}, privacy=Privacy(pseudonyms=Pseudonyms(b"k" * 32)))
    carried = intake.incidents.drop(columns=["geometry", "cell_code"]).to_csv()
    assert leaks(carried) == []
    assert intake.incidents["caller"].nunique() == 1
    assert {"联系人姓名", "联系电话"} <= set(intake.dropped_columns)
    tables = (intake.quarantine, intake.duplicates, intake.excluded)
    assert all(leaks(table.to_csv()) == [] for table in tables)
    assert leaks(" ".join(n.zh + n.en for n in intake.notices)) == []


@pytest.mark.parametrize("role", ["id", "source", "text", "time", "category"])
def test_a_personal_column_cannot_be_named_for_a_role(planted, role):
    with pytest.raises(InputError, match="holds personal data") as caught:
        read_incidents([planted[0]], columns={role: "联系电话"})
    assert leaks(str(caught.value)) == []


@pytest.mark.parametrize("column", ["受理时间", "经度", "纬度"])
def test_a_column_full_of_persons_ends_in_a_message_without_any(planted, tmp_path, column):
    rows = list(csv.reader(planted[0].open(encoding="utf-8")))
    place = rows[0].index(column)
    bad = tmp_path / "bad.csv"
    with bad.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([rows[0], *([*r[:place], PLANTED, *r[place + 1 :]] for r in rows[1:])])
    with pytest.raises(InputError) as caught:
        read_incidents([bad])
    assert leaks(str(caught.value)) == []
