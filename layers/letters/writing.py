"""Numbered papers to files: DOCX to read and sign, XLSX to work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .kinds import KINDS
from .lists import PeriodList
from .sheets import SheetTemplate
from .template import Template, find_template
from .words import count_words, item_words, letter_words, list_words, number_words


@dataclass(frozen=True)
class Forms:
    """The two templates of one kind of paper, opened and understood."""

    document: Template
    workbook: SheetTemplate

    @classmethod
    def find(cls, title: str, folder: str | Path | None = None) -> Forms:
        """Those of the paper called *title*, each the user's if *folder* has it. Raises InputError as they do."""
        document, workbook = (find_template(f"{title}.{ending}", folder) for ending in ("docx", "xlsx"))
        return cls(Template(document), SheetTemplate(workbook))

    def fill(self, about: Mapping[str, Any], *rows: Any, made: datetime, title: str) -> dict[str, bytes]:
        """Ending -> the filled file."""
        forms = {"docx": self.document, "xlsx": self.workbook}
        return {ending: form.fill(about, *rows, made=made, title=title) for ending, form in forms.items()}


def write_letter(paper: Mapping[str, Any], forms: Forms, issuer: str = "") -> dict[str, bytes]:
    """Ending -> bytes of a numbered letter; *paper* is what the ledger recorded of it. Equal input, equal bytes."""
    about = letter_words(paper, issuer)
    items = [item_words(number, item) for number, item in enumerate(paper["items"], start=1)]
    title = f"{KINDS[paper['kind']].title} {about['编号']}"
    return forms.fill(about, items, made=datetime.fromisoformat(paper["time"]), title=title)


def write_list(paper: Mapping[str, Any], found: PeriodList, forms: Forms, issuer: str = "") -> dict[str, bytes]:
    """Ending -> bytes of a numbered weekly or monthly list."""
    about = list_words(paper, found, issuer)
    items = [item_words(number, item) for number, item in enumerate(found.items, start=1)]
    made = datetime.fromisoformat(paper["time"])
    return forms.fill(about, items, count_words(found), made=made, title=number_words(paper))


def file_stem(paper: Mapping[str, Any]) -> str:
    """The name of a paper's files, without an ending: 交办函-2026-0012. No text from the data is in it."""
    return f"{KINDS[paper['kind']].title}-{int(paper['year'])}-{int(paper['number']):04d}"
