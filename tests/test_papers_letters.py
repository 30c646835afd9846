"""Letters and lists: numbered once, from templates that are text and never code, with 办理 and 报备 apart."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.layers.letters import KINDS, Forms, letters_due, number_letters, period_list, write_letter
from gridbeacon.layers.letters.drawing import draw_templates
from gridbeacon.layers.letters.kinds import ABOUT_ALL, ABOUT_COUNTS, ABOUT_ITEMS, ACCOUNTABILITY
from gridbeacon.layers.letters.template import NAMES, SHIPPED, Template, copy_template, find_template
from gridbeacon.layers.letters.words import count_words, letter_words, sentence
from gridbeacon.layers.style import STATUTORY_ZH
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_record import BUREAU, EVIL, STREET, make_ledger, warning

NOW = "2026-01-03T12:00:00"


@pytest.fixture
def ledger(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as opened:
        yield opened


def due(ledger, kind, now=NOW, **which):
    return letters_due(kind, ledger.warnings(), list(ledger.events()), ledger.papers(), now=now, **which)


def number(ledger, letters, time=NOW):
    return number_letters(ledger, letters, actor="papers", time=time)


def text_of(data):
    document = Document(BytesIO(data))
    parts = [p.text for p in document.paragraphs]
    parts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join(parts)


def ids(letters):
    return {letter.unit: [item["warning_id"] for item in letter.items] for letter in letters}


def test_each_kind_is_about_what_the_record_says(ledger):
    assert ids(due(ledger, "assign")) == {STREET: ["late", "back"], BUREAU: ["with"]}
    assert ids(due(ledger, "supervise")) == {STREET: ["late"]}
    assert ids(due(ledger, "tasks")) == {STREET: ["late", "back"], BUREAU: ["with"]}
    assert ids(due(ledger, "rectify")) == {STREET: ["late", "back"]}
    assert ids(due(ledger, "assign", unit=BUREAU)) == {BUREAU: ["with"]}
    first_day = ("2026-01-01T00:00:00", "2026-01-02T00:00:00")
    assert ids(due(ledger, "assign", period=first_day)) == {STREET: ["late"], BUREAU: ["told", "with"]}


def test_what_is_supervised_but_not_late_needs_no_rectification(ledger):
    assert ids(due(ledger, "rectify", now="2026-01-01T12:00:00")) == {STREET: ["back"]}


@pytest.mark.parametrize("kind", ["assign", "supervise", "tasks", "rectify"])
def test_every_letter_says_who_what_and_until_when(ledger, kind):
    paper = number(ledger, due(ledger, kind))[0]
    parts = write_letter(paper, Forms.find(KINDS[kind].title), "云汀市城市运行管理中心")
    text = text_of(parts["docx"])
    for words in (
        f"{KINDS[kind].prefix}〔2026〕第0001号",
        STREET,
        "2026-01-02 09:00",
        "云汀市城市运行管理中心",
        STATUTORY_ZH,
    ):
        assert words in text, words
    assert "2026年1月3日" in text and "红·立即核查" in text and "当日供水22件" in text
    assert "〔单位〕" not in text and "〔期限〕" not in text
    sheet = openpyxl.load_workbook(BytesIO(parts["xlsx"])).worksheets[0]
    header, row = ([cell.value for cell in sheet[number]] for number in (4, 5))
    assert dict(zip(header, row, strict=True))["办理期限"] == datetime(2026, 1, 2, 9)


def test_a_deadline_that_is_past_says_so(ledger):
    letters = {letter.unit: letter for letter in due(ledger, "assign")}
    late, early = (
        letter_words({"kind": "assign", "unit": "", "year": 2026, "number": 1, "time": NOW, "items": u.items})
        for u in (letters[STREET], letters[BUREAU])
    )
    assert early["期限"] == "2026年1月6日18时30分" and late["期限"] == "即日（原定2026年1月2日9时，已过）"


def test_equal_papers_are_equal_bytes_and_name_nobody(ledger):
    paper = number(ledger, due(ledger, "assign"))[0]
    one, two = (write_letter(paper, TEMPLATE) for _ in range(2))
    assert one == two
    with zipfile.ZipFile(BytesIO(one["docx"])) as parts:
        assert {info.date_time for info in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert (
        "<dc:creator>GridBeacon</dc:creator>" in core and "2026-01-03" in core and "值班长" not in text_of(one["docx"])
    )


def test_texts_from_the_data_stay_texts(tmp_path):
    evil = dict.fromkeys(("cell_name", "category", "reason"), EVIL)
    with make_ledger(tmp_path / "record.sqlite", **evil) as ledger:
        ledger.record("over", "assigned", actor="x", time=NOW, payload={"to": "=1+1〔期限〕<b>"})
        papers = {paper["unit"]: paper for paper in number(ledger, due(ledger, "assign"))}
        parts = write_letter(papers["=1+1〔期限〕<b>"], TEMPLATE, EVIL)
    text = text_of(parts["docx"])
    assert "{{7*191}}<script>alert(1)</script>=1+1〔单位〕" in text and "𠮷&]]>" in text and "1337" not in text
    assert "=1+1〔期限〕<b>:" in text.replace("：", ":")
    assert not {"\x00", "\x0b", "\u202e"} & set(text)
    book = openpyxl.load_workbook(BytesIO(parts["xlsx"]))
    assert [c.value for row in book.worksheets[0] for c in row if c.data_type == "f" or c.hyperlink] == []


@settings(max_examples=20)
@given(st.lists(st.text(max_size=40), min_size=3, max_size=3))
def test_a_filled_in_text_is_never_searched_again(texts):
    paper = {"kind": "assign", "unit": texts[0], "year": 2026, "number": 1, "time": NOW}
    items = [
        {
            **warning("w", reason=texts[1], cell_name=texts[2]),
            "unit": texts[0],
            "assigned_at": "",
            "due": "",
            "verdict": "",
            "supervised": 0,
            "reopened": 0,
            "state": "已交办",
        }
    ]
    data = write_letter({**paper, "items": items}, TEMPLATE)["docx"]
    row = Document(BytesIO(data)).tables[0].rows[1].cells
    from gridbeacon.layers.plain_text import one_line

    assert row[3].text == sentence(texts[1]) and row[2].text == f"{one_line(texts[2], 60)}（供水排水/供水）"


TEMPLATE = Forms.find("交办函")


def test_a_list_counts_what_happened_and_never_mixes_handled_and_reported(ledger):
    found = period_list(list(ledger.events()), "2026-01-01T00:00:00", "2026-01-03T00:00:00")
    rows = {(row["unit"], row["level"]): row for row in found.counts}
    assert found.totals == {
        "issued": 6, "true": 4, "false": 1, "unclear": 0, "handled": 1, "reported": 1, "overdue": 1, "closed": 1,
        "open": 4,
    }  # fmt: skip
    assert rows[BUREAU, "orange"] | {"unit": "", "level": ""} == {
        "unit": "", "level": "", "issued": 2, "true": 2, "false": 0, "unclear": 0, "handled": 0, "reported": 1,
        "overdue": 0, "closed": 0, "open": 2,
    }  # fmt: skip
    assert rows[STREET, "yellow"]["closed"] == 1 and rows[STREET, "red"]["overdue"] == 1
    states = {item["warning_id"]: item["route"] for item in found.items}
    assert states == {"late": "", "with": "", "told": "reported", "over": ""}
    assert (
        sum(int(row["发出"]) for row in count_words(found)[:-1]) == 6 and count_words(found)[-1]["责任单位"] == "合计"
    )


def test_a_list_knows_nothing_of_what_came_after_its_period(ledger):
    early = period_list(list(ledger.events()), "2026-01-01T00:00:00", "2026-01-02T00:00:00")
    assert early.totals["handled"] == early.totals["reported"] == 0 and early.totals["open"] == 5
    whole = [event for event in ledger.events() if event["time"] < "2026-01-02"]
    assert period_list(whole, "2026-01-01T00:00:00", "2026-01-02T00:00:00").key == early.key
    again = period_list(list(ledger.events()), "2026-01-02T00:00:00", "2026-01-03T00:00:00")
    assert again.totals["issued"] == 0 and again.totals["true"] == 0 and again.totals["handled"] == 1


def test_drills_are_told_and_not_counted(tmp_path):
    with make_ledger(tmp_path / "record.sqlite") as ledger:
        ledger.issue([warning("practice", "red", cell_name="【演练】某街道")], "2026-01-03T00:00:00", "run-3")
        ledger.record("practice", "assigned", actor="x", time="2026-01-03T08:00:00", payload={"to": "演练单位"})
        found = period_list(list(ledger.events()), "2026-01-03T00:00:00", "2026-01-04T00:00:00")
        assert found.drills == 1 and found.totals["issued"] == 0
        paper = number(ledger, due(ledger, "assign", unit="演练单位"))[0]
    text = text_of(write_letter(paper, TEMPLATE)["docx"])
    assert "【演练】关于交办1项" in text and "【演练】交办〔2026〕第0001号" in text


def test_a_calm_record_has_no_letters_and_an_empty_list(tmp_path):
    with open_ledger(tmp_path / "record.sqlite") as ledger:
        assert due(ledger, "assign") == []
        found = period_list([], "2026-01-01T00:00:00", "2026-01-08T00:00:00")
    assert found.counts == found.items == [] and set(found.totals.values()) == {0}
    data = Template(find_template("周清单.docx")).fill({}, [], [], made=datetime(2026, 1, 1), title="空")
    assert "无" in [cell.text for table in Document(BytesIO(data)).tables for cell in table.rows[1].cells]


def write_template(path, *paragraphs, row=("〔序号〕", "〔情况〕"), footer="〔声明〕"):
    document = Document()
    for runs in paragraphs:
        paragraph = document.add_paragraph()
        for text in runs:
            paragraph.add_run(text)
    table = document.add_table(1, len(row))
    for cell, text in zip(table.rows[0].cells, row, strict=True):
        cell.text = text
    document.sections[0].footer.paragraphs[0].text = footer
    document.core_properties.author = "某人"
    document.save(path)
    return path


def test_a_users_template_goes_first_and_placeholders_may_be_cut_up_by_word(tmp_path, ledger):
    write_template(tmp_path / "交办函.docx", ["致〔", "单", "位〕和〔单位〕", ",文号〔2026〕1号"])
    assert find_template("督办函.docx", tmp_path) == SHIPPED / "督办函.docx"
    paper = number(ledger, due(ledger, "assign"))[0]
    data = write_letter(paper, Forms.find("交办函", tmp_path))["docx"]
    document = Document(BytesIO(data))
    assert document.paragraphs[0].text == f"致{STREET}和{STREET},文号〔2026〕1号"
    assert [row.cells[0].text for row in document.tables[0].rows] == ["1", "2"]
    assert document.sections[0].footer.paragraphs[0].text == STATUTORY_ZH
    assert document.core_properties.author == "GridBeacon"


def test_what_the_paper_says_once_is_not_searched_again_in_a_row(tmp_path):
    path = write_template(tmp_path / "交办函.docx", ["〔单位〕"], row=("〔序号〕", "〔单位〕"))
    data = Template(path).fill({"单位": "〔情况〕"}, [{"序号": "1", "情况": "秘"}], made=datetime(2026, 1, 1), title="")
    assert text_of(data).split("\n") == ["〔情况〕", "1", "〔情况〕"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"row": ("〔序号〕", "〔身份证号〕")}, "E-PAPER-002"),
        ({"row": ("没有",)}, "E-PAPER-005"),
        ({"footer": ""}, "E-PAPER-012"),
    ],
)
def test_a_template_that_asks_for_the_unknown_or_too_little_is_refused(tmp_path, changes, code):
    with pytest.raises(InputError) as caught:
        Template(write_template(tmp_path / "交办函.docx", ["〔单位〕"], **changes))
    assert caught.value.code == code
    assert code != "E-PAPER-002" or "身份证号" in caught.value.problem


def test_what_is_no_word_document_is_refused(tmp_path):
    (tmp_path / "交办函.docx").write_bytes(b"PK not a document")
    with pytest.raises(InputError) as caught:
        Template(find_template("交办函.docx", tmp_path))
    assert caught.value.code == "E-PAPER-003"
    with pytest.raises(InputError) as caught:
        find_template("交办函.docx", tmp_path / "nowhere")
    assert caught.value.code == "E-PAPER-006"


def test_the_templates_that_come_along_are_those_that_are_drawn(tmp_path):
    """Parts are compared, not bytes: compression may differ between machines."""
    for path in draw_templates(tmp_path):
        with zipfile.ZipFile(path) as fresh, zipfile.ZipFile(SHIPPED / path.name) as shipped:
            own = ("word/document.xml", "word/fontTable.xml", "word/footer1.xml", "xl/sharedStrings.xml")
            for name in set(own) & set(fresh.namelist()):
                assert fresh.read(name) == shipped.read(name), (path.name, name)
    assert sorted(p.name for p in SHIPPED.iterdir()) == sorted(NAMES)


def test_accountability_is_an_empty_form_and_nothing_fills_it(tmp_path):
    assert "〔" not in text_of(copy_template(f"{ACCOUNTABILITY}.docx")).replace("问责〔    〕", "")
    own = tmp_path / "own"
    own.mkdir()
    write_template(own / f"{ACCOUNTABILITY}.docx", ["〔单位〕〔预警编号〕"])
    out = tmp_path / "out"
    assert execute(["papers", "accountability-template", "--templates", str(own), "--out", str(out)]) == 0
    assert (out / f"{ACCOUNTABILITY}.docx").read_bytes() == (own / f"{ACCOUNTABILITY}.docx").read_bytes()
    assert ACCOUNTABILITY not in {kind.title for kind in KINDS.values()}
    assert not {"姓名", "责任人", "联系人"} & {*ABOUT_ALL, *ABOUT_ITEMS, *ABOUT_COUNTS}


def test_the_commands_write_number_and_repeat(tmp_path, capsys):
    place = tmp_path / "record.sqlite"
    make_ledger(place).close()
    common = ["--ledger", str(place), "--out", str(tmp_path / "out"), "--json"]
    for _ in range(2):
        assert execute(["papers", "assign", *common, "--time", "2026-01-03T12:00"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [paper["number"] for paper in told["papers"]] == ["交办〔2026〕第0001号", "交办〔2026〕第0002号"]
    assert execute(["papers", "weekly", *common, "--time", "2026-01-06T12:00"]) == 0
    assert execute(["papers", "monthly", *common, "--time", "2026-02-06T12:00"]) == 0
    begun = ["--from", "2026-01-01", "--to", "2026-01-31", "--time", "2026-01-03T12:00"]
    assert execute(["papers", "monthly", *common[:2], "--out", str(tmp_path / "begun"), *begun]) == 0
    assert "2026年1月1日至2026年1月3日" in text_of((tmp_path / "begun" / "月清单-2026-0002.docx").read_bytes())
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(
        f"{stem}.{ending}"
        for stem in ("交办函-2026-0001", "交办函-2026-0002", "周清单-2026-0001", "月清单-2026-0001")
        for ending in ("docx", "xlsx")
    )
    assert "2025年12月29日至2026年1月4日" in text_of((tmp_path / "out" / "周清单-2026-0001.docx").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["assign", "--unit", "没有此单位"], "E-PAPER-004"),
        (["assign", "--file"], "E-PAPER-008"),
        (["weekly", "--from", "2026-01-05", "--to", "2026-01-04"], "E-PAPER-007"),
        (["weekly", "--from", "2026-01-04", "--to", "2026-01-09"], "E-PAPER-007"),
        (["weekly", "--from", "昨天"], "E-ASK-020"),
    ],
)
def test_what_cannot_be_written_takes_no_number(tmp_path, capsys, arguments, code):
    place = tmp_path / "record.sqlite"
    make_ledger(place).close()
    out = tmp_path / ("one.docx" if "--file" in arguments else "out")
    arguments = [word for word in arguments if word != "--file"]
    assert execute(["papers", *arguments, "--ledger", str(place), "--out", str(out), "--time", NOW]) == 2
    assert code in capsys.readouterr().err and not out.exists()
    with open_ledger(place) as ledger:
        assert ledger.papers() == []


@pytest.mark.libreoffice
def test_letters_and_lists_open_in_an_office(tmp_path, require):
    """Every paper becomes pages: a letter of one and its list, whatever the texts."""
    long = {"reason": "近3天供水报修与排水报修合计1031件," * 6, "cell_name": "极长街道名称" * 9, "category": EVIL}
    with make_ledger(tmp_path / "record.sqlite", **long) as ledger:
        for kind in ("assign", "tasks"):
            paper = number(ledger, due(ledger, kind))[0]
            data = write_letter(paper, Forms.find(KINDS[kind].title))["docx"]
            (tmp_path / f"{kind}.docx").write_bytes(data)
    shutil.copy(SHIPPED / f"{ACCOUNTABILITY}.docx", tmp_path / "empty.docx")
    profile = (tmp_path / "profile").as_uri()
    command = [require("libreoffice"), "--headless", f"-env:UserInstallation={profile}", "--convert-to", "pdf"]
    papers = [tmp_path / f"{name}.docx" for name in ("assign", "tasks", "empty")]
    subprocess.run([*command, "--outdir", tmp_path, *papers], check=True, capture_output=True, timeout=240)
    for name, pages in {"assign": 2, "tasks": 1, "empty": 1}.items():
        subprocess.run(["pdftoppm", "-r", "20", "-png", tmp_path / f"{name}.pdf", tmp_path / name], check=True)
        assert len(list(Path(tmp_path).glob(f"{name}-*.png"))) == pages, name
