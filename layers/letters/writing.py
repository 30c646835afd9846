"""Numbered papers to files: DOCX to read and sign, XLSX to work with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .. import style
from .kinds import ABOUT_COUNTS, KINDS
from .lists import PeriodList
from .template import Template
from .words import count_words, item_words, letter_words, list_words, number_words
from .workbook import ITEM_COLUMNS, make_workbook


def write_letter(paper: Mapping[str, Any], template: Template, issuer: str = "") -> dict[str, bytes]:
    """Ending -> bytes of a numbered letter; *paper* is what the ledger recorded of it. Equal input, equal bytes."""
    kind = KINDS[paper["kind"]]
    about = letter_words(paper, issuer)
    items = [item_words(number, item) for number, item in enumerate(paper["items"], start=1)]
    made = datetime.fromisoformat(paper["time"])
    title = f"{about['演练']}{kind.title} {number_words(paper)}"
    notes = [f"承办单位：{about['单位']}  日期：{about['日期']}  期限：{about['期限']}", style.STATUTORY_ZH]
    book = make_workbook(title, notes, [(kind.title, ITEM_COLUMNS, items)], made)
    return {"docx": template.fill(about, items, made=made, title=title), "xlsx": book}


def write_list(paper: Mapping[str, Any], found: PeriodList, template: Template, issuer: str = "") -> dict[str, bytes]:
    """Ending -> bytes of a numbered weekly or monthly list."""
    about, counts = list_words(paper, found, issuer), count_words(found)
    items = [item_words(number, item) for number, item in enumerate(found.items, start=1)]
    made = datetime.fromisoformat(paper["time"])
    title = number_words(paper)
    notes = [f"时段：{about['起始']}至{about['截止']}  责任单位：{about['单位']}", about["统计"], style.STATUTORY_ZH]
    tables = [("统计", ABOUT_COUNTS, counts), ("在办", ITEM_COLUMNS, items)]
    book = make_workbook(title, notes, tables, made)
    return {"docx": template.fill(about, items, counts, made=made, title=title), "xlsx": book}


def file_stem(paper: Mapping[str, Any]) -> str:
    """The name of a paper's files, without an ending: 交办函-2026-0012. No text from the data is in it."""
    return f"{KINDS[paper['kind']].title}-{int(paper['year'])}-{int(paper['number']):04d}"
