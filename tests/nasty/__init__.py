"""Files that cities really hand over, and worse: each made when it is needed, none kept in the repository.

A maker gets an empty folder and returns what a person would name on the command line. `NASTY` holds them all by name:

    @nasty("read", rows_in=8, rows_used=7, rows_quarantined=1)     the account has these figures
    @nasty("refused", "not text")                                  one InputError whose problem says so
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HEADER = "工单编号,受理时间,诉求大类,诉求小类,经度,纬度,来源,联系电话,姓名"
PHONE, NAME, ID_CARD = "13800138000", "张三丰", "11010519491231002X"
PERSONAL = (PHONE, NAME, ID_CARD)
"""Values that must never appear in a message, an account or a report."""

ROWS = [
    f"A{n},2026-01-0{1 + n // 2} {8 + n:02d}:03:00,供水,水管爆裂,{113.502 + 0.002 * n:.3f},22.505,12345,{PHONE},{NAME}"
    for n in range(8)
]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


@dataclass(frozen=True)
class Handed:
    """What a person hands over: files of incidents, and cells where the usual four squares will not do."""

    incidents: list[str | Path]
    cells: str | Path | None = None
    columns: dict[str, str] = field(default_factory=dict)


Maker = Callable[[Path], "Path | list[Path] | Handed"]


@dataclass(frozen=True)
class Nasty:
    """A maker and its one fate: `read` with figures of the account, or `refused` with words of the problem."""

    name: str
    make: Maker
    fate: str
    words: str = ""
    account: dict[str, int] = field(default_factory=dict)

    def handed(self, folder: Path) -> Handed:
        """Make the files; whatever the maker returned, in one form."""
        made = self.make(folder)
        if isinstance(made, Handed):
            return made
        return Handed(list(made) if isinstance(made, list) else [made])


NASTY: dict[str, Nasty] = {}


def nasty(fate: str, words: str = "", **account: int) -> Callable[[Maker], Maker]:
    """Enter a maker into `NASTY` under its own name."""

    def enter(make: Maker) -> Maker:
        name = make.__name__
        if name in NASTY:
            raise KeyError(f"two makers are called {name}")
        NASTY[name] = Nasty(name, make, fate, words, account)
        return make

    return enter


def put(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    """Write *content* to a file of that name."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def csv(folder: Path, rows: list[str], header: str = HEADER, name: str = "a.csv") -> Path:
    """A plain file of *rows* under *header*."""
    return put(folder, name, "\n".join([header, *rows]) + "\n")


def changed(column: int, *values: str, rows: list[str] = ROWS) -> list[str]:
    """The usual rows, the first of them with *values* in the *column* (from 0)."""
    out = [row.split(",") for row in rows]
    for row, value in zip(out, values, strict=False):
        row[column] = value
    return [",".join(row) for row in out]


def all_makers() -> dict[str, Nasty]:
    """Every maker of every module here."""
    from . import archives, encodings, grids, layers, texts, values, workbooks

    del archives, encodings, grids, layers, texts, values, workbooks
    return NASTY
