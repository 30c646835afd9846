"""Every rule a row can break and every notice an import can give: code, Chinese, English, and what to do.

The documents are generated from these two tables; a code never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import Notice
from .run_notices import RUN_NOTICES


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
        "E-ROW-003",
        "合计、小计行,不是事件",
        "a total, not an incident",
        "Nothing need be done; totals are left out.",
        "rows are totals",
    ),
    Rule(
        "E-ROW-004",
        "表头重复出现",
        "the header once more",
        "Nothing need be done; it comes from exports pasted together.",
        "rows repeat the header",
    ),
    Rule(
        "E-ROW-005",
        "文本中有NUL字符,已损坏",
        "a NUL stands in the text: it is damaged",
        "Copy or export the file again.",
        "rows hold a NUL",
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
        "E-COORD-007",
        "度分秒不成立",
        "degrees, minutes and seconds that cannot be",
        "Correct them, or accept the quarantine.",
        "rows have degrees, minutes or seconds that cannot be",
    ),
    Rule(
        "E-COORD-010",
        "合并坐标无法拆成两个数",
        "a cell that should hold two coordinates does not",
        "Write them as 113.5,22.5, or name two columns with --lon and --lat.",
        "rows have a joined coordinate that is not two numbers",
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
        "E-COORD-009",
        "经度或纬度为零",
        "longitude or latitude is exactly 0",
        "Geocode them, or accept the quarantine.",
        "rows have a longitude or latitude of exactly 0",
    ),
    Rule(
        "E-COORD-004",
        "经纬度疑似颠倒",
        "longitude and latitude look swapped",
        "Name the columns the other way round with --lon and --lat.",
        "rows have longitude and latitude swapped",
    ),
    Rule(
        "E-COORD-008",
        "经纬度列中混有带带号的米制坐标",
        "metres with a zone in front stand among degrees",
        "Export them in one system, or in a file of their own.",
        "rows have metres with a zone in front among degrees",
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

NOT_CHOSEN = Rule(
    "P-CLASS-002",
    "不属于本次所选类别",
    "a class that was not chosen for this run",
    "Nothing need be done; --classes names the classes that are counted.",
    "rows are of classes that were not chosen",
)
"""Why a row that would count is left out of a run on some classes; every other reason comes before it."""

_DUPLICATES = (
    Rule(
        "D-DUP-001",
        "编号、时间、类别与地点相同",
        "same identifier, time, class and place",
        "Nothing to do: the row kept is named beside it.",
        "rows repeat another row under the same identifier",
    ),
    Rule(
        "D-DUP-002",
        "整行相同",
        "equal in every column",
        "Nothing to do: the row kept is named beside it.",
        "rows are equal to another row",
    ),
    Rule(
        "D-DUP-003",
        "另一来源已报同一事件(同类、同地、同时段)",
        "another source told of the same event before: alike in class, place and time",
        "Look at the row kept; --duplicates keep counts both.",
        "rows tell of an event that another source told before",
    ),
)
DUPLICATES = {rule.code: rule for rule in _DUPLICATES}
"""Code -> why a row is a duplicate of another, which is kept and remembers both sources."""

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
    "N-CLASS-005": (
        "按方案将{n}行的{old}改称{new}",
        "{n} rows of class {old} are called {new}, as the plan says",
    ),
    "N-CLASS-006": (
        "仅研判所选类别:{classes_zh};其余类别{n}行不计入",
        "only the chosen classes are looked at: {classes}; {n} rows of other classes are not counted",
    ),
    "N-COL-001": ("个人信息列未带入:{columns}", "columns with personal data were dropped: {columns}"),
    "N-COL-002": ("自由文本列未带入:{columns}", "columns of free text were not carried: {columns}"),
    "N-COL-003": (
        "{file}:{role}有多个可用列,取{column}(另有{others})",
        "{file}: several columns could be {role}; {column} is used, not {others}",
    ),
    "N-COL-004": ("{file}中没有{named},{role}改用{column}", "{file} has no column {named}; {column} is used as {role}"),
    "N-COL-005": (
        "{file}:{column}列可能是{role},未采用;如属实请以{option}确认",
        "{file}: column {column} may be {role}; it is not used unless you confirm it with {option}",
    ),
    "N-FILE-001": ("{file}按{encoding}读取", "{file} was read as {encoding}"),
    "N-FILE-002": ("{file}没有数据行", "{file} has no rows"),
    "N-FILE-003": (
        "{file}:表头在第{row}行,其上未计入",
        "{file}: the header is in row {row}; what stands above it is no incident",
    ),
    "N-FILE-004": ("{file}:未读取的工作表:{sheets}", "{file}: sheets without incidents were left out: {sheets}"),
    "N-FILE-005": (
        "{file}:隐藏的工作表未读取:{sheets}(需要时用 文件|工作表 指定)",
        "{file}: hidden sheets were not read: {sheets} (name one as file|sheet to read it)",
    ),
    "N-FILE-006": (
        "{file}与{first}列名不同:多出{more};缺少{less}",
        "{file} differs from {first} in its columns: new {more}; missing {less}",
    ),
    "N-FILE-007": (
        "文件夹{folder}中有{n}个文件不是数据表,未读取",
        "folder {folder} holds {n} files that are no tables; they were not read",
    ),
    "N-CRS-001": (
        "{file}未说明坐标系,按经纬度(EPSG:4326)理解",
        "{file} does not say its coordinate system; degrees (EPSG:4326) are assumed",
    ),
    "N-CRS-002": (
        "{file}的坐标都是经纬度,未套用所给坐标系",
        "{file} holds degrees; the coordinate system given was not applied to it",
    ),
    "N-CRS-003": (
        "{file}的坐标按{system}理解,已换算为WGS 84",
        "{file}: the coordinates were taken for {system} and brought into WGS 84",
    ),
    "N-CRS-004": (
        "{file}:横坐标前两位{zones}为带号,按CGCS2000三度带(EPSG:{epsg})理解;若为北京54或西安80,请以--crs指明",
        "{file}: x begins with the zone {zones}, so it was taken for CGCS2000 in 3° zones (EPSG:{epsg}); if it is "
        "Beijing 1954 or Xian 1980, say so with --crs",
    ),
    "N-CRS-005": (
        "{file}:两列按测量习惯书写(X为北、Y为东),已对调",
        "{file}: the columns follow the surveyors' order (X north, Y east) and were exchanged",
    ),
    "N-CRS-006": (
        "{file}:横坐标不带带号,按同一带的EPSG:{epsg}理解",
        "{file}: x lacks the number of the zone, so EPSG:{epsg}, the same zone without it, was taken",
    ),
    "N-CRS-007": ("计算坐标系:{crs}({why}),单位米", "working in {crs}, {why_en}, in metres"),
    "N-COORD-001": (
        "{file}:{n}个坐标以度分秒书写,已换算为度",
        "{file}: {n} coordinates were written in degrees and minutes",
    ),
    "N-COORD-002": (
        "{file}:{column}列一格含两个坐标,按{order}理解",
        "{file}: column {column} holds two coordinates in a cell, read as {order_en}",
    ),
    "N-COORD-003": (
        "{file}:{n}行的经纬度字母(东西南北)与列名相反,按字母理解",
        "{file}: in {n} rows the letters N, S, E, W contradict the columns; the letters were followed",
    ),
    "N-DATUM-001": (
        "若按{other}理解,{better}的事件落在网格内,按现坐标系仅{share};如属实请加 {option}。仅为提示,未作改动",
        "taken for {other}, {better} of the incidents lie in a cell, as they are only {share}; if it is so, pass "
        "{option}. This only suggests; nothing was changed",
    ),
    "N-CODE-001": (
        "{n}行无坐标,按网格编码计入所属单元({levels});另{rest}行有编码而无对应单元,仍隔离",
        "{n} rows without coordinates count for the unit of their code ({levels_en}); {rest} more have a code that no "
        "unit bears and stay set aside",
    ),
    "N-CODE-002": (
        "有坐标的行中{n}个编码可与网格对应,{unmatched}个不能;{conflicts}行的编码与坐标不在同一单元,以{winner}为准",
        "of the rows with coordinates {n} have a code of some unit and {unmatched} a code of none; in {conflicts} rows "
        "code and point lie in different units, and the {winner_en} was followed",
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
    "N-VALUE-001": ("{n}个严重程度不是可用的数字,按1计", "{n} severities are no usable numbers and count as 1"),
    "N-VALUE-002": (
        "{n}个办理类型不在已知之列,按办理计",
        "{n} values of the handling type are unknown and count as handled (办理)",
    ),
    "N-PERSON-001": ("{column}列中{n}处个人信息已遮盖", "personal data in column {column} was blotted out {n} times"),
    "N-PERSON-002": (
        "{column}列像是个人信息,未作为编号带入",
        "column {column} looks like personal data and is not carried as an identifier",
    ),
    "N-PERSON-003": (
        "{file}:{column}列以带密钥的假名代替,仅用于识别同一来电人",
        "{file}: column {column} was replaced by a keyed pseudonym, only to tell calls of one caller",
    ),
    "N-PERSON-004": (
        "{n}个编号含个人信息,未带入,以文件与行号代替",
        "{n} identifiers hold personal data; the file and row stand in for them",
    ),
    "N-PERSON-005": (
        "按方案带入自由文本列{column},其中{n}行的个人信息已遮盖",
        "free text of column {column} was carried, as the plan says; personal data in {n} rows were blotted out",
    ),
    "N-REMARK-001": ("说明:{text}", "remark: {text}"),
    "N-DUP-001": ("{n}行重复,已去除", "{n} rows are duplicates and were dropped"),
    "N-DUP-002": ("{n}行重复,按要求保留", "{n} rows are duplicates and were kept, as asked"),
    "N-DUP-003": (
        "{n}行的编号与他行相同而时间、类别或地点不同,均保留",
        "{n} rows share their identifier with another row but differ in time, class or place; all are kept",
    ),
    "N-DUP-004": (
        "{n}行是其他来源对同一事件的再次反映({metres:g}米、{minutes:g}分钟内),只计一次,各来源均记住",
        "{n} rows tell of an event that another source told before (within {metres:g} m and {minutes:g} min); it "
        "counts once, and every source is remembered",
    ),
    "N-DUP-005": (
        "{n}行与其他来源的一行相近而不足以认定为同一事件,均保留",
        "{n} rows are near a row of another source, but not near enough to be the same event; all are kept",
    ),
    **RUN_NOTICES,
}
"""Code -> (Chinese, English), with places for figures and column names; never for a value of a row."""


def notice(code: str, **facts: Any) -> Notice:
    """The notice *code* with its figures filled in."""
    zh, en = NOTICES[code]
    return Notice(code, zh.format(**facts), en.format(**facts))


def quarantined(code: str, n_rows: int) -> Notice:
    """How many rows a rule set aside; the notice carries the rule's code."""
    return Notice(code, f"{n_rows}行存疑隔离:{RULES[code].zh}", f"{n_rows} rows were set aside: {RULES[code].en}")
