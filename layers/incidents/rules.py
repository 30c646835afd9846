"""Every rule a row can break and every notice an import can give: code, Chinese, English, and what to do.

The documents are generated from these two tables; a code never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import Notice


@dataclass(frozen=True)
class Rule:
    """Why a row is set aside. The texts never quote the row."""

    code: str
    zh: str
    en: str
    fix: str
    plural: str


_RULES = (
    Rule("E-ROW-001", "空行", "blank row", "Remove it from the export.", "rows are blank"),
    Rule(
        "E-ROW-002",
        "字段数与表头不符",
        "the number of fields differs from the header",
        "Quote the fields that contain the delimiter, and export again.",
        "rows have another number of fields than the header",
    ),
    Rule(
        "E-CODE-001",
        "编码以数字存储,精度已丢失",
        "a code was stored as a number; its digits are already lost",
        "Export the codes as text.",
        "codes were stored as numbers and have lost digits",
    ),
    Rule(
        "P-CLASS-001",
        "类别不在处理范围",
        "a class that is not processed",
        "See the class policy.",
        "rows are of classes that are not processed",
    ),
    Rule(
        "E-TIME-004",
        "时间缺失",
        "the time is missing",
        "Fill it in, or accept the quarantine.",
        "incident times are missing",
    ),
    Rule(
        "E-TIME-001",
        "时间无法按该列的格式读取",
        "the time is not a date in the layout of its column",
        "Correct them, or accept the quarantine.",
        "incident times are not dates",
    ),
    Rule(
        "E-TIME-002",
        "日期或时刻不存在",
        "no such day or hour",
        "Correct them, or accept the quarantine.",
        "incident times name a day or hour that does not exist",
    ),
    Rule(
        "E-TIME-003",
        "日与月无法分辨",
        "day and month cannot be told apart",
        "Export the dates with the year first, such as 2026-01-05.",
        "incident times could be two different days",
    ),
    Rule(
        "E-TIME-005",
        "年份不合理(1950年前或2100年后)",
        "an implausible year (before 1950 or after 2100)",
        "Correct them, or accept the quarantine.",
        "incident times have an implausible year",
    ),
    Rule(
        "E-COORD-001",
        "坐标缺失",
        "a coordinate is missing",
        "Geocode them, or accept the quarantine.",
        "rows have no coordinates",
    ),
    Rule(
        "E-COORD-005",
        "坐标不是数字",
        "a coordinate is not a number",
        "Correct them, or name the right columns with --lon and --lat.",
        "rows have coordinates that are not numbers",
    ),
    Rule(
        "E-COORD-006",
        "几何不是点",
        "the geometry is not a point",
        "Give incidents as points; polygons belong to --cells.",
        "rows have a geometry that is not a point",
    ),
    Rule(
        "E-COORD-002",
        "坐标为零",
        "the coordinates are 0, 0",
        "Geocode them, or accept the quarantine.",
        "rows have the coordinates 0, 0",
    ),
    Rule(
        "E-COORD-004",
        "经纬度疑似颠倒",
        "longitude and latitude look swapped",
        "Name the columns the other way round with --lon and --lat.",
        "rows have longitude and latitude swapped",
    ),
    Rule(
        "E-COORD-003",
        "坐标超出范围",
        "a coordinate is out of range",
        "If they are not degrees, name their system with --crs.",
        "rows have coordinates out of range",
    ),
)
RULES = {rule.code: rule for rule in _RULES}
"""Code -> rule, in the order they are looked for: the first that applies to a row is its reason."""

TIME_RULES = {why: f"E-TIME-00{why}" for why in range(1, 6)}
"""What `parse_dates` says -> rule."""

NOTICES: dict[str, tuple[str, str]] = {
    "N-CLASS-001": ("{n}行无类别,记为未分类", "{n} rows have no class and are counted as 未分类 (unclassified)"),
    "N-CLASS-002": (
        "{n}行属不处理的类别(言论、信仰、政治等),已排除",
        "{n} rows are of classes that are not processed (speech, belief, politics) and were left out",
    ),
    "N-CLASS-003": (
        "没有类别列,全部记为未分类",
        "there is no class column: everything is counted as 未分类 (unclassified)",
    ),
    "N-CLASS-004": (
        "{n}行的分级名称中含“/”,已改为“／”以保持层级",
        "{n} rows had '/' inside a class level; it became '／' so that the levels hold",
    ),
    "N-COL-001": ("个人信息列未带入:{columns}", "columns with personal data were dropped: {columns}"),
    "N-COL-002": ("自由文本列未带入:{columns}", "columns of free text were not carried: {columns}"),
    "N-COL-003": (
        "{file}:{role}有多个可用列,取{column}(另有{others})",
        "{file}: several columns could be {role}; {column} is used, not {others}",
    ),
    "N-COL-004": ("{file}中没有{named},{role}改用{column}", "{file} has no column {named}; {column} is used as {role}"),
    "N-FILE-001": ("{file}按{encoding}读取", "{file} was read as {encoding}"),
    "N-FILE-002": ("{file}没有数据行", "{file} has no rows"),
    "N-FILE-003": (
        "{file}:表头在第{row}行,其上未计入",
        "{file}: the header is in row {row}; what stands above it is no incident",
    ),
    "N-CRS-001": (
        "{file}未说明坐标系,按经纬度(EPSG:4326)理解",
        "{file} does not say its coordinate system; degrees (EPSG:4326) are assumed",
    ),
    "N-CRS-002": (
        "{file}的坐标都是经纬度,未套用所给坐标系",
        "{file} holds degrees; the coordinate system given was not applied to it",
    ),
    "N-TIME-001": (
        "{n}行没有发生时间,以受理时间代替",
        "{n} rows have no time of occurrence; the time of receipt stands in",
    ),
    "N-TIME-002": ("{n}个{role}无法读取,留空", "{n} values of {role} could not be read and were left empty"),
    "N-TIME-003": (
        "{n}个时刻落在夏令时切换的一小时内,已按规则取定",
        "{n} times fall in the hour of a clock change; the first of two, or the next that exists, was taken",
    ),
    "N-TIME-004": ("{file}的时间只有日期,没有时刻", "{file}: the times are dates without an hour"),
    "N-TIME-005": (
        "{file}的时间自带时区,已换算为{timezone}",
        "{file}: the times carry an offset of their own and were converted to {timezone}",
    ),
    "N-VALUE-001": ("{n}个严重程度不是数字,按1计", "{n} severities are not numbers and count as 1"),
    "N-VALUE-002": (
        "{n}个办理类型不在已知之列,按办理计",
        "{n} values of the handling type are unknown and count as handled (办理)",
    ),
    "N-PERSON-001": ("{column}列中{n}处个人信息已遮盖", "personal data in column {column} was blotted out {n} times"),
    "N-PERSON-002": (
        "{column}列像是个人信息,未作为编号带入",
        "column {column} looks like personal data and is not carried as an identifier",
    ),
    "N-DUP-001": ("{n}行重复,已去除", "{n} rows are duplicates and were dropped"),
    "N-DUP-002": ("{n}行重复,按要求保留", "{n} rows are duplicates and were kept, as asked"),
    "N-DUP-003": (
        "{n}行的编号与他行相同而时间、类别或地点不同,均保留",
        "{n} rows share their identifier with another row but differ in time, class or place; all are kept",
    ),
}
"""Code -> (Chinese, English), with places for figures and column names; never for a value of a row."""


def notice(code: str, **facts: Any) -> Notice:
    """The notice *code* with its figures filled in."""
    zh, en = NOTICES[code]
    return Notice(code, zh.format(**facts), en.format(**facts))


def quarantined(code: str, n_rows: int) -> Notice:
    """How many rows a rule set aside; the notice carries the rule's code."""
    return Notice(code, f"{n_rows}行存疑隔离:{RULES[code].zh}", f"{n_rows} rows were set aside: {RULES[code].en}")
