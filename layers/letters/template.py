"""A Word document with 〔placeholders〕 -> the same document with text in their place.

Placeholders are replaced by plain text and nothing else: the document is never read as code, a text put in is not
searched again, and a table row that asks for items is repeated for each of them. A user's folder of templates with the
same file names goes before those that come along.
"""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml.etree import LxmlError

from .. import style
from ..papers.archive import still
from ..plain_text import one_line
from ..refusals import refusal
from .kinds import ABOUT_COUNTS, ABOUT_ITEMS, ACCOUNTABILITY, KINDS, PLACEHOLDER, check_asked

SHIPPED = Path(__file__).parents[1] / "assets" / "templates"
NAMES = (
    *(f"{kind.title}.{ending}" for kind in KINDS.values() for ending in ("docx", "xlsx")),
    f"{ACCOUNTABILITY}.docx",
)
"""The files of the templates."""
LONGEST = 240
_NONE = "无"

Rows = Sequence[Mapping[str, Any]]


def find_template(name: str, folder: str | Path | None = None) -> Path:
    """The template whose file is called *name*: the user's if *folder* has one, else the one that comes along.

    Raises InputError if *folder* is given and is not there.
    """
    if folder is not None and not Path(folder).is_dir():
        raise refusal("E-PAPER-006", where=str(folder))
    own = None if folder is None else Path(folder) / name
    return own if own is not None and own.is_file() else SHIPPED / name


def copy_template(name: str, folder: str | Path | None = None) -> bytes:
    """The template as it lies, byte for byte: the only thing that is ever done with 问责通知书."""
    return find_template(name, folder).read_bytes()


class Template:
    """An opened template, whose placeholders are known to be understood.

    Raises InputError if the file is no Word document, asks for something unknown, or has no row for the items.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._data = self.path.read_bytes()
        check_asked(set(self._names(self._open())), self.path.name)

    def fill(self, about: Mapping[str, Any], items: Rows, counts: Rows = (), *, made: datetime, title: str) -> bytes:
        """The document with *about* in its text and a table row per item and per count.

        made : what the document's properties say of when it was written. Equal input gives equal bytes.
        """
        document = self._open()
        patterns = list(_patterns(document))
        inside = {row for row, _ in patterns}
        for part in _bodies(document):
            _replace(part, about, inside)
        for row, names in patterns:  # last, so that no text of an item is ever searched for placeholders
            _repeat(row, counts if names & set(ABOUT_COUNTS) else items, about)
        return _saved(document, made, title)

    def _open(self) -> Any:
        try:
            return Document(BytesIO(self._data))
        except (OpcError, LxmlError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise refusal("E-PAPER-003", where=self.path.name) from error

    def _names(self, document: Any) -> Iterator[str]:
        for part in _bodies(document):
            yield from _asked(part)


def _bodies(document: Any) -> Iterator[Any]:
    """The XML of the document's text, of its headers and of its footers."""
    yield document.element
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.rsplit("/", 1)[-1] in ("header", "footer"):
            yield relation.target_part.element


def _patterns(document: Any) -> Iterator[tuple[Any, set[str]]]:
    """The innermost table rows that ask for items or counts, and what they ask for."""
    several = {*ABOUT_ITEMS, *ABOUT_COUNTS}
    for row in document.element.iter(qn("w:tr")):
        names = set(_asked(row))
        if names & several and not any(
            set(_asked(inner)) & several for inner in row.iter(qn("w:tr")) if inner is not row
        ):
            yield row, names


def _paragraph_texts(element: Any) -> Iterator[list[Any]]:
    """The text nodes of each paragraph; Word cuts a placeholder into several as it pleases."""
    for paragraph in element.iter(qn("w:p")):
        nodes = [node for node in paragraph.iter(qn("w:t")) if next(node.iterancestors(qn("w:p"))) is paragraph]
        if nodes:
            yield nodes


def _asked(element: Any) -> Iterator[str]:
    for nodes in _paragraph_texts(element):
        yield from PLACEHOLDER.findall("".join(node.text or "" for node in nodes))


def _replace(element: Any, values: Mapping[str, Any], but: Collection[Any] = ()) -> None:
    """Put the values into the paragraphs of *element*, each where its placeholder began; not inside the rows *but*."""
    for nodes in _paragraph_texts(element):
        if but and any(above in but for above in nodes[0].iterancestors(qn("w:tr"))):
            continue
        texts = [node.text or "" for node in nodes]
        found = [m for m in PLACEHOLDER.finditer("".join(texts)) if m[1] in values]
        for match in reversed(found):  # from the end, so that places before stay what they are
            _put(texts, match.start(), match.end(), one_line(values[match[1]], LONGEST))
        for node, text in zip(nodes, texts, strict=True):
            if text != (node.text or ""):
                node.text = text
                node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _put(texts: list[str], start: int, end: int, value: str) -> None:
    """Replace the characters from *start* to *end* of the joined *texts* by *value*, in the text where they begin."""
    place, first = 0, True
    for number, text in enumerate(texts):
        left, right = max(start - place, 0), min(end - place, len(text))
        place += len(text)
        if left < right:
            texts[number] = text[:left] + (value if first else "") + text[right:]
            first = False


def _repeat(row: Any, records: Rows, about: Mapping[str, Any]) -> None:
    """The row once per record, in its place; a row that says 无 where there are none."""
    names = list(_asked(row))
    nothing = dict.fromkeys(names, "") | {names[0]: _NONE}
    for record in records or [nothing]:
        fresh = copy.deepcopy(row)
        _replace(fresh, {**about, **record})
        row.addprevious(fresh)
    row.getparent().remove(row)


def _saved(document: Any, made: datetime, title: str) -> bytes:
    """The file; its properties name no person, whoever wrote the template."""
    core = document.core_properties
    core.title, core.comments, core.author = one_line(title), style.STATUTORY_ZH, "GridBeacon"
    core.created = core.modified = made
    core.last_modified_by, core.revision = "GridBeacon", 1
    buffer = BytesIO()
    document.save(buffer)
    return still(buffer)
