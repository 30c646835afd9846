"""What the columns of a polygon file may be called, and how codes are read without harm."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..refusals import refusal

CITY_WORD = "全市"
LEAF_WORD = "网格"

CELL_IDS = {
    "网格编码": LEAF_WORD,
    "网格编号": LEAF_WORD,
    "网格代码": LEAF_WORD,
    "网格号": LEAF_WORD,
    "单元网格编码": "单元网格",
    "单元网格编号": "单元网格",
    "单元网格": "单元网格",
    "cell_id": LEAF_WORD,
    "grid_code": LEAF_WORD,
    "grid_id": LEAF_WORD,
    "CODEBASE": "最小统计区",
    "VILLCODE": "村里",
    "PageName": LEAF_WORD,
    "NHD_NUM": "街区",
    "Neighborhood_ID": "街区",
    "CODE1": "一级统计区",
    "CODE2": "二级统计区",
    "cell_code": LEAF_WORD,
    "编码": LEAF_WORD,
    "代码": LEAF_WORD,
    "编号": LEAF_WORD,
    "code": LEAF_WORD,
    "id": LEAF_WORD,
    "GEOID": LEAF_WORD,
    "OBJECTID": LEAF_WORD,
    "FID": LEAF_WORD,
}
"""Columns that may hold the code of the finest units, best first, and what such a unit is called."""

LAST_RESORTS = ("OBJECTID", "FID", "id")

CELL_NAMES = ("网格名称", "单元网格名称", "VILLNAME", "NHD_NAME", "cell_name", "名称", "name", "label")
PAIRED_NAMES = {"VILLCODE": "VILLNAME", "NHD_NUM": "NHD_NAME", "Neighborhood_ID": "Name"}
POPULATIONS = ("人口", "人口数", "常住人口", "population", "pop", "居民数")
RESPONSIBLES = ("责任单位", "责任部门", "主管单位", "responsible")
ROLE_COLUMNS = ("角色", "role", "网格类型", "网格性质", "网格角色")
ROLE_WORDS = {
    "属地": "territorial",
    "属地网格": "territorial",
    "territorial": "territorial",
    "综合网格": "territorial",
    "专属": "sectoral",
    "专属网格": "sectoral",
    "专业网格": "sectoral",
    "sectoral": "sectoral",
}
VALID_FROM = ("生效日期", "启用日期", "生效时间", "valid_from")
VALID_TO = ("失效日期", "停用日期", "失效时间", "valid_to")
PARENT_LINKS = ("parent", "parent_id", "上级编码", "上级网格编码", "父级编码")

UPPER_LEVELS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("省", ("省编码", "省代码"), ("省", "省份")),
    ("市", ("市编码", "市代码", "城市编码", "COUNTY_ID", "COUNTYCODE", "city_code"), ("市", "城市", "COUNTYNAME")),
    (
        "区",
        ("区编码", "区代码", "区县编码", "县区编码", "行政区编码", "区县代码", "district_code", "district_id"),
        ("区", "区县", "县区", "行政区", "所属区", "区名称", "区县名称", "district_name", "district"),
    ),
    ("区", ("TOWNCODE", "TOWN_ID"), ("TOWNNAME", "TOWN")),
    ("二级统计区", ("CODE2",), ()),
    ("一级统计区", ("CODE1",), ()),
    (
        "街道",
        ("街道编码", "街道代码", "镇街编码", "街镇编码", "乡镇编码", "street_code", "subdistrict_code"),
        ("街道", "街道名称", "镇街", "街镇", "乡镇", "所属街道", "street_name", "subdistrict", "subdistrict_name"),
    ),
    (
        "社区",
        ("社区编码", "社区代码", "村居编码", "村社编码", "居委会编码", "community_code", "community_id"),
        ("社区", "社区名称", "村居", "村社", "居委会", "所属社区", "community", "community_name"),
    ),
    ("村里", ("VILLCODE",), ("VILLNAME",)),
)
"""(what the level is called, columns with its codes, columns with its names)."""


@dataclass(frozen=True)
class Upper:
    """One upper level as the file tells it: the column of its codes, of its names, or both."""

    word: str
    code: str
    name: str = ""


@dataclass(frozen=True)
class Columns:
    """Which column of a polygon file plays which part; '' where none does."""

    cell_id: str
    word: str = LEAF_WORD
    cell_name: str = ""
    uppers: tuple[Upper, ...] = ()
    link: str = ""
    population: str = ""
    responsible: str = ""
    role: str = ""
    valid_from: str = ""
    valid_to: str = ""
    named: frozenset[str] = field(default_factory=frozenset)


def plain(name: str) -> str:
    """A column name without case, width, blanks and underscores."""
    return "".join(unicodedata.normalize("NFKC", str(name)).casefold().split()).replace("_", "").replace("-", "")


class Finder:
    """Finds columns by known names, whatever their case or width."""

    def __init__(self, table: pd.DataFrame, where: str):
        self.where = where
        self.table = table
        self.columns = [str(name) for name in table.columns if name != "geometry"]
        self.by_plain = {plain(name): name for name in reversed(self.columns)}

    def first(self, *known: str) -> str:
        """The first of the *known* names that the file has, or ''."""
        return next((self.by_plain[plain(name)] for name in known if plain(name) in self.by_plain), "")

    def given(self, name: str, part: str) -> str:
        """The column the user named for *part*; InputError when the file has none of that name."""
        if name in self.columns:
            return name
        if plain(name) in self.by_plain:
            return self.by_plain[plain(name)]
        raise refusal("E-CELL-116", where=self.where, column=name, part=part, **_listing(self.columns))


def find_columns(table: pd.DataFrame, given: dict[str, str] | None, where: str) -> Columns:
    """Which column plays which part: those *given* by the user, else by known names.

    Raises InputError when a given column is absent or none holds the code of the cells.
    """
    finder, given = Finder(table, where), {part: name for part, name in (given or {}).items() if name}
    cell_id, word = _cell_id(finder, given)
    uppers, link = _parents(finder, given, cell_id)

    def part(key: str, known: tuple[str, ...]) -> str:
        return finder.given(given[key], key) if key in given else finder.first(*known)

    return Columns(
        cell_id=cell_id,
        word=word,
        cell_name=_cell_name(finder, given, cell_id, word),
        uppers=uppers,
        link=link,
        population=part("population", POPULATIONS),
        responsible=part("responsible", RESPONSIBLES),
        role=part("role", ROLE_COLUMNS),
        valid_from=part("valid_from", VALID_FROM),
        valid_to=part("valid_to", VALID_TO),
        named=frozenset(given),
    )


def _cell_id(finder: Finder, given: dict[str, str]) -> tuple[str, str]:
    words = {plain(name): word for name, word in CELL_IDS.items()}
    words |= {plain(code): word for word, codes, _ in UPPER_LEVELS for code in codes if plain(code) not in words}
    if "cell_id" in given:
        found = finder.given(given["cell_id"], "cell_id")
        return found, words.get(plain(found), LEAF_WORD)
    sure = [name for name in CELL_IDS if name not in LAST_RESORTS]
    found = finder.first(*sure) or _finest_upper(finder) or finder.first("id", "OBJECTID", "FID")
    if not found:
        raise refusal("E-CELL-117", where=finder.where, **_listing(finder.columns))
    return found, words.get(plain(found), LEAF_WORD)


def _finest_upper(finder: Finder) -> str:
    """For a file of streets or communities: the known code column that tells all its rows apart."""
    for _, codes, _ in reversed(UPPER_LEVELS):
        found = finder.first(*codes)
        if found and finder.table[found].is_unique:
            return found
    return ""


def _cell_name(finder: Finder, given: dict[str, str], cell_id: str, word: str) -> str:
    if "cell_name" in given:
        return finder.given(given["cell_name"], "cell_name")
    paired = {plain(code): name for code, name in PAIRED_NAMES.items()}
    beside = [paired[plain(cell_id)]] if plain(cell_id) in paired else []
    beside += [name for _, codes, names in UPPER_LEVELS if plain(cell_id) in map(plain, codes) for name in names]
    if word in {LEAF_WORD, "单元网格"} or not beside:
        beside += CELL_NAMES
    found = finder.first(*beside)
    return "" if found == cell_id else found


def _parents(finder: Finder, given: dict[str, str], cell_id: str) -> tuple[tuple[Upper, ...], str]:
    if "cell_parent" in given:
        wanted = [name.strip() for name in given["cell_parent"].replace("，", ",").split(",") if name.strip()]
        found = [finder.given(name, "cell_parent") for name in wanted]
        return tuple(_upper(finder, name) for name in found), found[0] if len(found) == 1 else ""
    uppers: list[Upper] = []
    for word, codes, names in UPPER_LEVELS:
        code, name = finder.first(*codes), finder.first(*names)
        if cell_id in {code, name} or not (code or name):
            continue
        uppers.append(Upper(word, code or name, name))
    return tuple(uppers), finder.first(*PARENT_LINKS)


def _upper(finder: Finder, column: str) -> Upper:
    for word, codes, names in UPPER_LEVELS:
        if plain(column) in map(plain, codes):
            return Upper(word, column, finder.first(*names))
        if plain(column) in map(plain, names):
            return Upper(word, column, column)
    stem = plain(column)
    for ending in ("编码", "代码", "编号", "code", "id"):
        stem = stem.removesuffix(ending)
    return Upper("", column, finder.first(f"{stem}名称", f"{stem}name", stem) if stem else "")


def as_codes(values: pd.Series, where: str) -> np.ndarray:
    """Codes as text, (n,) object array; blank is ''. Whole numbers lose no digit.

    Raises InputError when a number has a fraction or is beyond 2**53: its last digits are already lost.
    """
    return np.array([_code(value, where) for value in values.to_numpy(dtype=object)], dtype=object)


def _code(value: object, where: str) -> str:
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if np.isnan(number):
            return ""
        if number != int(number) or abs(number) >= 2**53:
            raise refusal("E-CELL-118", where=where)
        return str(int(number))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return str(value).strip()


def as_names(values: pd.Series) -> np.ndarray:
    """Names as text, (n,) object array; blank is ''."""
    missing = values.isna().to_numpy()
    texts = [
        "" if gone else str(value).strip() for value, gone in zip(values.to_numpy(dtype=object), missing, strict=True)
    ]
    return np.array(texts, dtype=object)


def _listing(columns: list[str]) -> dict[str, str]:
    """The columns that exist, in both languages."""
    names = ", ".join(columns)
    return {"columns": names or "none", "columns_zh": names or "无"}
