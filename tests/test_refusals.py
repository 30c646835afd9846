"""Refusals: each has a code, both languages and a place where it is raised; the faces tell it in the reader's."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest
from gridbeacon.cli import refusals as of_commands
from gridbeacon.cli.entry import execute
from gridbeacon.cli.quality_page import data_quality_page, every_refusal
from gridbeacon.cli.voice import place_in_chinese
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers import refusals as of_data
from gridbeacon.layers.grids.rules import CELL_NOTICES, CELL_RULES
from gridbeacon.layers.incidents.rules import DUPLICATES, NOTICES, RULES
from gridbeacon.layers.refusals import cells, files, maps, papers, places, results, rows
from gridbeacon.models import refusals as of_models
from gridbeacon.params import REFUSALS as OF_SETTINGS
from gridbeacon.pipeline import refusals as of_runs

ROOT = Path(__file__).parents[1]
TABLES = (
    *(files.FILES, rows.ROWS, places.PLACES, cells.CELLS, results.RESULTS, papers.PAPERS, maps.MAPS),
    *(of_models.REFUSALS, of_runs.REFUSALS, of_commands.REFUSALS, OF_SETTINGS),
)
EVERY = every_refusal()
ROOMS = ("layers", "models", "pipeline", "cli")
MAY_PASS_ON = {"layers/sandbox.py", "pipeline/cells.py", "cli/entry.py"}
"""Where an error is made from the parts of another: of the child process, with more to do, of click."""


def _sources() -> dict[str, str]:
    paths = [ROOT / "params.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_no_code_stands_twice():
    assert sum(map(len, TABLES)) == len(EVERY) > 150
    assert not set(EVERY) & {*RULES, *DUPLICATES, *NOTICES, *CELL_RULES, *CELL_NOTICES}
    assert all(re.fullmatch(r"E-[A-Z]+-\d{3}", code) for code in EVERY)


@pytest.mark.parametrize("refusal", EVERY.values(), ids=EVERY)
def test_both_languages_say_the_same(refusal):
    texts = (refusal.en, refusal.zh, refusal.fix, refusal.fix_zh)
    assert all(texts)
    for chinese in (refusal.zh, refusal.fix_zh):
        assert re.search("[一-鿿]", chinese) or chinese in ("{fix}",)
    assert _names(refusal.en) == _names(refusal.zh)
    assert _names(refusal.fix) == _names(refusal.fix_zh)


def test_every_code_is_raised_somewhere_with_its_facts():
    """Read from every call: the code is one of the table's, and every word in braces is handed over."""
    raised = set()
    for name, text in _sources().items():
        if "refusals" not in name:
            raised |= set(re.findall(r'"(E-[A-Z]+-\d{3})"', text))
        for call in _calls(text, {"refusal", "trouble", "fault"}):
            given = {word.arg for word in call.keywords}
            for code in _codes(call.args[0]):
                wanted = _names(EVERY[code].en) | _names(EVERY[code].fix)
                assert None in given or wanted <= given, f"{name}:{call.lineno} {code} lacks {wanted - given}"
    assert set(EVERY) - raised == set()


def _calls(text: str, names: set[str]) -> list[ast.Call]:
    nodes = ast.walk(ast.parse(text))
    return [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in names]


def _codes(node: ast.expr) -> list[str]:
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and n.value in EVERY]


def test_no_room_refuses_in_english_alone():
    bare = {name for name, text in _sources().items() if _calls(text, {"InputError", "EnvironmentProblem"})}
    assert bare <= MAY_PASS_ON


def test_an_error_says_both_and_its_text_stays_english():
    error = of_data.refusal("E-COL-004", where="a.csv", hint="", columns="x and 2 more", columns_zh="x等,另有2列")
    assert str(error) == f"{error.problem} (a.csv). {error.fix}"
    assert error.fix == "Name it with --time. The columns are: x and 2 more."
    assert (error.code, error.problem_zh) == ("E-COL-004", "没有识别出事件时间列")
    assert error.fix_zh.endswith("现有的列:x等,另有2列。")
    assert vars(InputError(**error.parts())) == vars(error)


def test_braces_in_a_fact_stay_what_they_are():
    error = of_data.refusal("E-COL-003", where="{x}", column="{0.__class__}", role="time", hint="", columns="{y}")
    assert "{0.__class__}" in error.problem and "{0.__class__}" in error.problem_zh and "{y}" in error.fix_zh


def test_what_is_the_machines_is_no_fault_of_the_input():
    assert type(of_data.trouble("E-OUT-004", where="out")) is EnvironmentProblem


# --- the faces


def _ask(tmp_path, capsys, text: bytes, *more: str) -> str:
    (tmp_path / "calls.csv").write_bytes(text)
    assert execute(["check", "--incidents", str(tmp_path / "calls.csv"), *more]) == 2
    return capsys.readouterr().err


def test_a_chinese_user_reads_chinese_and_the_code(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    told = _ask(tmp_path, capsys, '时间,lon,lat\n2026-01-01,"113.5,22.5\n'.encode()).splitlines()[-3:]
    assert told[0] == "错误:有一个引号没有成对 [E-CSV-004]"
    assert told[1:] == ["  位置:calls.csv,约第2行", "  办法:把多余的引号写两遍或删除。"]


def test_an_english_user_reads_english_and_the_code(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    told = _ask(tmp_path, capsys, b"").splitlines()
    assert told[-3:] == ["error: the file is empty [E-FILE-004]", "  where: calls.csv", "  fix:   Export it again."]


def test_a_bound_of_a_setting_is_told_in_chinese(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    (tmp_path / "plan.toml").write_text("[plan]\nwindow = -3\n", encoding="utf-8")
    told = _ask(tmp_path, capsys, b"a\n1\n", "--plan", str(tmp_path / "plan.toml"))
    assert "[E-SET-001]" in told and "应为不小于1 天" in told and "默认值为28 天" in told, told


def test_the_plugin_gets_both_languages(tmp_path, capsys):
    told = _ask(tmp_path, capsys, b"", "--progress", "json").splitlines()[-1]
    error = json.loads(told)["error"]
    assert list(error) == ["problem", "where", "fix", "exit_code", "code", "problem_zh", "where_zh", "fix_zh"]
    assert (error["code"], error["problem_zh"], error["fix_zh"]) == ("E-FILE-004", "文件为空", "重新导出。")


@pytest.mark.parametrize(
    ("where", "chinese"),
    [
        ("a.csv, row 17", "a.csv,第17行"),
        ("b.gpkg, layer 网格, column bm, rows 3, 5", "b.gpkg,图层网格,列bm,第3, 5行"),
        ("a.xlsx, rows 1 and 2", "a.xlsx,第1、2行"),
        ("--crs", "--crs"),
        ("command line", "命令行"),
    ],
)
def test_the_place_is_told_in_chinese(where, chinese):
    assert place_in_chinese(where) == chinese


def test_the_code_and_the_chinese_cross_the_border_of_the_child_process(tmp_path):
    from gridbeacon.layers.incidents import read_incidents

    path = tmp_path / "calls.xlsx"
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(InputError) as caught:
        read_incidents([path])
    assert (caught.value.code, caught.value.problem_zh) == ("E-XLS-004", "工作簿无法打开")


def test_the_page_of_rules_lists_every_refusal():
    text = data_quality_page("")
    for code, refusal in EVERY.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| `{code}`"))
        assert all(part.replace("|", "\\|") in line for part in (refusal.en, refusal.zh, refusal.fix, refusal.fix_zh))
