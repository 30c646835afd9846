"""Tables of the calendar that users keep: a year's days off and moved working days, and what they know has changed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import InputError
from .refusals import refusal

_HEADS = {
    "date": ("date", "日期"),
    "kind": ("kind", "类型"),
    "start": ("start", "开始"),
    "end": ("end", "结束"),
    "name": ("name", "名称"),
    "category": ("category", "类别"),
    "effect": ("effect", "作用"),
}
_WORDS = {
    "holiday": ("holiday", "放假", "休"),
    "workday": ("workday", "上班", "班"),
    "restart": ("restart", "重新起算"),
    "exclude": ("exclude", "不作基线"),
    "caveat": ("caveat", "仅提示"),
}
EFFECTS = ("restart", "exclude", "caveat")
"""What an event does: later bins are compared with bins since it only; its bins make no baseline; it is only told."""


def read_days(path: str | Path) -> pd.DataFrame:
    """Days off and moved working days from a CSV with the columns date (日期) and kind (类型: 放假 or 上班).

    Returns the columns `date` (midnight) and `kind` (`holiday` or `workday`). Raises InputError naming the row.
    """
    table = _read(path, ("date", "kind"))
    kinds = _words_of(table["kind"], ("holiday", "workday"), path, "kind")
    return pd.DataFrame({"date": _dates(table["date"], path, "date"), "kind": kinds})


def read_events(path: str | Path) -> pd.DataFrame:
    """What users know has changed, from a CSV: start (开始), end (结束), name (名称), category (类别), effect (作用).

    Only start and name are needed. `end` is the last day, empty for an event without one; `category` is empty for all
    classes. An empty `effect` is `restart` (重新起算) without an end, else `exclude` (不作基线); `caveat` (仅提示) is
    the third. Raises InputError naming the row.
    """
    table = _read(path, ("start", "name"))
    for name in ("end", "category", "effect"):
        if name not in table:
            table[name] = ""
    start, end = _dates(table["start"], path, "start"), _dates(table["end"], path, "end", may_be_empty=True)
    backwards = (end < start).to_numpy()
    if backwards.any():
        raise _slip(path, int(backwards.argmax()), "end", "lies before its start", "早于开始日期")
    effect = table["effect"].where(table["effect"] != "", end.isna().map({True: "restart", False: "exclude"}))
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "name": table["name"],
            "category": table["category"],
            "effect": _words_of(effect, EFFECTS, path, "effect"),
        }
    )


def _read(path: str | Path, needed: tuple[str, ...]) -> pd.DataFrame:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding, skipinitialspace=True)
        except UnicodeDecodeError:
            continue
        except (OSError, ValueError) as error:
            raise refusal("E-CAL-001", where=Path(path).name, why=error) from error
        break
    else:
        raise refusal("E-CAL-002", where=Path(path).name)
    known = {head: name for name, heads in _HEADS.items() for head in heads}
    table = table.rename(columns=lambda head: known.get(str(head).strip().lower(), str(head)))
    missing = [name for name in needed if name not in table]
    if missing:
        names = ", ".join("/".join(_HEADS[name]) for name in missing)
        raise refusal("E-CAL-003", where=Path(path).name, columns=names)
    return table.apply(lambda column: column.str.strip())


def _dates(texts: pd.Series, path: str | Path, column: str, *, may_be_empty: bool = False) -> pd.Series:
    dates = pd.to_datetime(texts, errors="coerce", format="mixed")
    wrong = (dates.isna() & ~((texts == "") & may_be_empty)).to_numpy()
    if wrong.any():
        raise _slip(path, int(wrong.argmax()), column, "is no date", "不是日期")
    return dates


def _words_of(texts: pd.Series, allowed: tuple[str, ...], path: str | Path, column: str) -> pd.Series:
    known = {word: name for name in allowed for word in _WORDS[name]}
    named = texts.str.lower().map(known)
    if named.isna().any():
        words = ", ".join("/".join(_WORDS[name][:2]) for name in allowed)
        raise _slip(path, int(named.isna().to_numpy().argmax()), column, f"is none of {words}", f"应为{words}之一")
    return named


def _slip(path: str | Path, row: int, column: str, what: str, what_zh: str) -> InputError:
    return refusal("E-CAL-004", where=f"{Path(path).name}, row {row + 2}", column=column, what=what, what_zh=what_zh)
