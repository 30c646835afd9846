"""The plan: every setting of a run, gathered from the rooms that declare them. TOML in, TOML out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..cube import bin_of, bin_start
from ..models.anomaly import NegativeBinomialPredictive
from ..models.density import KernelDensity
from ..models.early_warning import WarningRules
from ..models.hotspot import GetisOrdHotspots
from ..params import Param, check, param, params_of
from .presets import preset_settings
from .refusals import refusal

MODEL_PARTS = ("nb_predictive", "getis_ord", "kernel_density")
"""Parts whose settings carry the part's name in front: `nb_predictive_baseline`."""

OTHER_TABLES = ("preset", "inputs", "columns", "classes", "watch", "deadlines")
"""What a plan file may hold beside the tables of settings: a preset's name, files, columns, how the watch is kept."""


@dataclass(eq=False)
class Plan:
    """What to do with the incidents. Two files and the defaults below must give a right answer."""

    title: str = param(
        "城市风险晨报", "Title of the briefing.", zh="晨报标题", help_zh="显示在晨报页眉与导出文件上的标题。"
    )
    city: str = param(
        "", "Name of the city, as the briefing shows it.", zh="城市名称", help_zh="晨报上显示的城市名称。"
    )
    classification: str = param(
        "内部资料", "Classification line printed on every output.", zh="密级标识", help_zh="印在每份成果上的密级标识。"
    )
    timezone: str = param(
        "Asia/Shanghai",
        "Time zone of times without one, and of all bins.",
        zh="时区",
        help_zh="未注明时区的时间按此时区理解,所有时段也按此划分。",
    )
    as_of: str = param(
        "",
        "Moment of decision, exclusive, e.g. 2026-01-05; empty is the end of the last complete day.",
        zh="研判时点",
        help_zh="只使用此时点之前的数据,如 2026-01-05;留空为最后一个完整日结束之时。",
    )
    bin: str = param(
        "day",
        "Length of a time bin.",
        choices=("hour", "day", "week"),
        zh="时间粒度",
        help_zh="每个统计时段的长度:小时(hour)、天(day)或周(week)。",
    )
    calendar: str = param(
        "cn",
        "Public holidays, moved working days and festivals the baseline allows for.",
        choices=("cn", "tw", "none"),
        zh="节假日历(含调休与农历节日)",
        help_zh="基线所考虑的放假、调休与节日:大陆(cn)、台湾(tw)或不考虑(none)。",
    )
    window: int = param(
        28,
        "Days before the moment of decision that hot spots and density cover.",
        unit="days",
        low=1,
        high=3660,
        zh="热点窗口",
        help_zh="热点与密度所覆盖的研判时点之前的天数。",
    )
    finest: str = param(
        "cell",
        "Finest units that are tested and mapped: cells, streets and above, or the whole city alone.",
        choices=("cell", "street", "city"),
        zh="检测的最细层级(网格、街道、全市)",
        help_zh="检测与制图的最细单元:网格(cell)、街道及以上(street)或仅全市(city)。",
    )
    classes: tuple[str, ...] = param(
        (),
        "Classes that are counted, with all below them, e.g. 供水排水,交通出行/道路; empty counts every class.",
        zh="研判的类别",
        help_zh="只计所列类别及其下各级,如 供水排水,交通出行/道路;空则计全部类别。",
    )
    class_depth: int = param(
        2,
        "Levels of the class tree that are tested.",
        low=0,
        high=5,
        zh="分类层级深度",
        help_zh="参与检测的分类树层数:1为大类,2为大类与小类,依此类推。",
    )
    code_conflict: str = param(
        "point",
        "Where an incident's point lies in another unit than its code names, this one is followed.",
        choices=("point", "code"),
        advanced=True,
        zh="编码与坐标不符时以何为准",
        help_zh="事件坐标与其网格编码不在同一单元时以何者为准:坐标(point)或编码(code)。",
    )
    code_pattern: str = param(
        "",
        "Lengths of the beginnings of a code that stand for cell, community, street, district, e.g. 15,12,9,6; "
        "empty takes those of the cells' own codes.",
        advanced=True,
        zh="编码分段长度(网格、社区、街道、区)",
        help_zh=("编码前几位分别代表网格、社区、街道、区,如 15,12,9,6;留空按网格自身编码的长度。"),
    )
    duplicates: str = param(
        "drop",
        "What to do with duplicates: equal rows, and one event told by several sources.",
        choices=("drop", "keep"),
        zh="重复记录(整行相同,或多个来源反映同一事件)",
        help_zh="整行相同的记录,以及多个来源反映的同一事件:去除(drop)或保留(keep)。",
    )
    duplicate_metres: float = param(
        50.0,
        "Rows of different sources and one class closer than this may tell of one event; 0 looks for none.",
        unit="m",
        low=0,
        advanced=True,
        zh="跨来源重复距离",
        help_zh="不同来源、同一类别、距离在此之内的记录可能是同一事件;0为不查找。",
    )
    duplicate_minutes: float = param(
        30.0,
        "Rows of different sources and one class within this time of another may tell of one event; 0 looks for none.",
        unit="min",
        low=0,
        advanced=True,
        zh="跨来源重复时间",
        help_zh="不同来源、同一类别、时间相差在此之内的记录可能是同一事件;0为不查找。",
    )
    default_points: str = param(
        "city",
        "Incidents on a geocoder's fall-back point: "
        "count for the city only, keep the place, or spread over their area.",
        choices=("city", "keep", "spread"),
        zh="默认坐标",
        help_zh=("落在地理编码默认点上的事件:只计入全市(city)、保留原位(keep)或分摊到所属区域(spread)。"),
    )
    burst_metres: float = param(
        30.0,
        "Reports of one class closer than this belong to one burst.",
        unit="m",
        low=0,
        advanced=True,
        zh="同源距离",
        help_zh="同一类别、距离在此之内的来件视为同一阵发。",
    )
    burst_minutes: float = param(
        60.0,
        "Reports of one class within this time of another, on one spot, count once in the tests; 0 counts all.",
        unit="min",
        low=0,
        advanced=True,
        zh="同源时间",
        help_zh="同一地点、同一类别、时间相差在此之内的来件,检测时只计一件;0为全部计入。",
    )
    redivision: str = param(
        "recount",
        "Codes of former cells without a point: refuse where these were divided, or deal them out by share of area.",
        choices=("recount", "areal"),
        advanced=True,
        zh="网格调整后仅有旧编码的事件:重新统计(不可行则拒绝)或按面积折算",
        help_zh=("只有旧网格编码而无坐标的事件:旧网格已拆分时拒绝(recount),或按面积比例分摊(areal)。"),
    )
    cell_shape: str = param(
        "square",
        "Shape of made cells, where no cell file is given.",
        choices=("square", "hexagon"),
        zh="自建网格形状",
        help_zh="未提供网格文件时所生成网格的形状:方格(square)或六边形(hexagon)。",
    )
    cell_size: float = param(
        1000.0,
        "Width of made cells.",
        unit="m",
        low=10,
        zh="自建网格边长",
        help_zh="未提供网格文件时所生成网格的边长。",
    )
    people: str = param(
        "drop",
        "What to do with columns of callers: drop them, or carry a keyed pseudonym that tells repeated calls apart.",
        choices=("drop", "pseudonym"),
        advanced=True,
        zh="来电人信息:去除,或以带密钥的假名识别重复来电",
        help_zh=("来电人字段:去除(drop),或改为带密钥的假名(pseudonym),仅用于识别重复来电。"),
    )
    tiles: str = param(
        "",
        "Address of map tiles beneath the briefing's cells, with {x}, {y}, {z}; empty keeps the page offline.",
        advanced=True,
        zh="底图瓦片地址(含{x}{y}{z});空则晨报不联网",
        help_zh="晨报地图的瓦片地址,须含 {x}、{y}、{z};留空则晨报不联网。",
    )
    map_credit: str = param(
        "",
        "Whose map lies beneath the cells and its approval number, shown on the map.",
        advanced=True,
        zh="底图来源与审图号(显示在图上)",
        help_zh="底图的来源与审图号,显示在地图上。",
    )
    random_state: int = param(
        0,
        "Seed of everything random.",
        low=0,
        advanced=True,
        zh="随机种子",
        help_zh="所有随机过程的种子;种子相同,结果相同。",
    )
    early_warning: WarningRules = field(default_factory=WarningRules)
    nb_predictive: NegativeBinomialPredictive = field(default_factory=NegativeBinomialPredictive)
    getis_ord: GetisOrdHotspots = field(default_factory=GetisOrdHotspots)
    kernel_density: KernelDensity = field(default_factory=KernelDensity)

    def __eq__(self, other: object) -> bool:
        """Equal when every setting is; models compare by identity, as scikit-learn's do."""
        return isinstance(other, Plan) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def parts(self) -> dict[str, Any]:
        """The objects that hold settings, by the name of their table in the plan file."""
        return {
            "plan": self,
            "early_warning": self.early_warning,
            **{name: getattr(self, name) for name in MODEL_PARTS},
        }

    def checked(self) -> Plan:
        """Itself, after every setting was held against its bounds. Raises InputError for the first outside."""
        for part in self.parts().values():
            check(part)
        self.moment()
        return self

    def moment(self) -> pd.Timestamp | None:
        """`as_of` as a local wall-clock instant at the beginning of a bin, None where it is to be chosen.

        An offset is converted to the plan's time zone; an instant inside a bin becomes the bin's beginning.
        Raises InputError for what is no date.
        """
        if not self.as_of:
            return None
        try:
            moment = pd.Timestamp(self.as_of)
        except ValueError as error:
            raise refusal("E-PLAN-001", where="as_of", text=self.as_of) from error
        if moment is pd.NaT:
            raise refusal("E-PLAN-001", where="as_of", text=self.as_of)
        local = moment.tz_convert(self.timezone).tz_localize(None) if moment.tzinfo else moment
        return floor_to_bin(local, self.bin)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """{table: {name: value}}, the plan file's shape."""
        return {
            table: {name: _plain(getattr(part, name)) for name, *_ in params_of(type(part))}
            for table, part in self.parts().items()
        }

    @property
    def version(self) -> str:
        """Twelve hex digits that change when any setting changes."""
        text = json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def with_settings(self, settings: dict[str, Any]) -> Plan:
        """A copy with flat *settings* (`window`, `blue_days`, `nb_predictive_baseline` ...) replaced and checked."""
        tables: dict[str, dict[str, Any]] = {}
        known = {name: (table, own) for name, table, own, *_ in plan_params()}
        for name, value in settings.items():
            if name not in known:
                raise refusal("E-PLAN-002", where="plan", name=name)
            table, own = known[name]
            tables.setdefault(table, {})[own] = value
        return self._with_tables(tables)

    def _with_tables(self, tables: dict[str, dict[str, Any]]) -> Plan:
        own = {name: _typed(self, name, value) for name, value in tables.get("plan", {}).items()}
        parts = {}
        for table, part in self.parts().items():
            if table != "plan" and table in tables:
                values = {name: _typed(part, name, value) for name, value in tables[table].items()}
                parts[table] = replace(part, **values)
        return replace(self, **own, **parts).checked()

    @classmethod
    def from_toml(cls, path: str | Path, preset: str = "") -> Plan:
        """Read a plan file over the settings of a *preset* (else of the one it names, else the defaults).

        Tables and names it does not know are refused, never ignored.

        Raises InputError naming the file and what to do.
        """
        import tomllib

        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise refusal("E-PLAN-003", where=str(path), why=error) from error
        known = {(table, own) for _, table, own, *_ in plan_params()}
        tables = {table: values for table, values in data.items() if table not in OTHER_TABLES}
        for table, values in tables.items():
            for name in values if isinstance(values, dict) else [table]:
                if (table, name) not in known:
                    raise refusal("E-PLAN-004", where=str(path), table=table, name=name)
        beneath = cls().with_settings(preset_settings(str(preset or data.get("preset", ""))))
        return beneath._with_tables(tables)

    def to_toml(self) -> str:
        """The plan file's text; reading it back gives an equal plan."""
        lines = []
        for table, values in self.as_dict().items():
            lines.append(f"[{table}]")
            lines += [
                f"{name} = {json.dumps(value, ensure_ascii=False)}"
                for name, value in values.items()
                if value is not None
            ]
            lines.append("")
        return "\n".join(lines)


def floor_to_bin(local: pd.Timestamp, bin: str) -> pd.Timestamp:
    """The beginning of the bin a local instant lies in."""
    number = bin_of(pd.DatetimeIndex([local.tz_localize("UTC")]), bin, "UTC")
    return pd.Timestamp(bin_start(number, bin)[0])


def plan_params() -> Iterator[tuple[str, str, str, Any, Any, Param]]:
    """Yield (flat name, table, own name, type, default, Param) of every setting of a plan, in order."""
    for table, part in Plan().parts().items():
        prefix = f"{table}_" if table in MODEL_PARTS else ""
        for name, kind, default, p in params_of(type(part)):
            yield prefix + name, table, name, kind, default, p


def _listed(text: str, default: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a list written as one text: comma separated, or as JSON where a value holds a comma itself."""
    if text.lstrip().startswith("["):
        with suppress(ValueError):
            return tuple(json.loads(text))
    kind = type(default[0]) if default else str
    return tuple(kind(part.strip()) for part in text.replace("，", ",").split(",") if part.strip() or default)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _typed(part: Any, name: str, value: Any) -> Any:
    """*value* as the type of the setting's default: lists become tuples, whole numbers become floats where meant."""
    default = next((f.default for f in fields(part) if f.name == name), None)
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, (list, tuple)) else _listed(str(value), default)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is not None and value is not None and type(value) is not type(default):
        raise refusal("E-PLAN-005", where="plan", name=name, kind=type(default).__name__, value=value, default=default)
    return value
