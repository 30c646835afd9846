"""Single steps of the engine, each from files to one table: `gridbeacon step NAME`, and so the plugin's algorithms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..params import check, param, params_of
from .cell_steps import examine, repair
from .change_steps import ChangeSettings, find_levels
from .counting_steps import HELP, count, counting_params
from .inputs import Files
from .loop_steps import LOOP_STEPS
from .point_steps import POINT_STEPS
from .refusals import refusal
from .schema import describe_all
from .step_numbers import numbers_of, tell_numbers
from .step_words import geometry_of, group_of, words_of
from .surface_steps import RiskSettings, SurfaceSettings, compare, draw_surface
from .voice import Progress

COMMON = ("as_of", "bin", "window", "timezone", "calendar", "duplicates", "default_points")
"""Settings of the plan that also matter to a single step."""


@dataclass
class Scope:
    """Which class on which level a model's step looks at."""

    class_node: str = param(
        "", "Class to look at, with every class below it; empty takes all.", zh="分析类别(含下级),留空为全部。"
    )
    unit_level: int = param(
        -1,
        "Level of the units: 0 the city, 1 the level below ...; -1 the finest.",
        low=-1,
        high=9,
        zh="单元层级:0为全市,-1为最细。",
    )
    role: str = param(
        "territorial",
        "Which units: territorial or sectoral.",
        choices=("territorial", "sectoral"),
        zh="单元类别:属地(territorial)或专属(sectoral)。",
    )


@dataclass
class Lattice:
    """The cells to make."""

    shape: str = param(
        "square", "Shape of the cells.", choices=("square", "hexagon"), zh="网格形状:方格(square)或六边形(hexagon)。"
    )
    size: float = param(1000.0, "Width of a cell.", unit="m", low=10, zh="网格边长。")


@dataclass(frozen=True)
class Step:
    """One step: its words, the files it reads, and the work, which gives a table and notices."""

    help: str
    help_zh: str
    inputs: tuple[str, ...]
    params: list[dict[str, Any]]
    work: Callable[[Files, dict[str, Any], Progress], tuple[Any, list[Any]]]

    def described(self, name: str) -> dict[str, Any]:
        """The entry of the step *name* in the schema."""
        words, (group, group_zh) = words_of(name), group_of(name)
        return {
            **asdict(words),
            "group": group,
            "group_zh": group_zh,
            "help": self.help,
            "help_zh": self.help_zh,
            "inputs": list(self.inputs),
            "outputs": ["gpkg", "geojson", "csv"],
            "geometry": geometry_of(name),
            "params": self.params,
            "numbers": [number.described() for number in numbers_of(name)],
        }


def all_steps() -> dict[str, Step]:
    """Every step by name: making, examining and repairing cells, and each model of the registry."""
    from ..models import registry

    examined = Step(
        help="Report overlaps, gaps, slivers, holes and wrong codes of the cells as a layer.",
        help_zh="网格拓扑检查:重叠、空隙、碎片、空洞与编码问题,输出为图层。",
        inputs=("cells",),
        params=[],
        work=examine,
    )
    repaired = Step(
        help="Write a repaired copy of the cells, with the area change of each; the file itself is not touched.",
        help_zh="输出修复后的网格副本并说明各单元面积变化,原文件不动。",
        inputs=("cells",),
        params=[],
        work=repair,
    )
    return {
        "make_cells": _cells_step(),
        "topology": examined,
        "repair_cells": repaired,
        "count_incidents": Step(*HELP, ("incidents", "cells"), describe_all(counting_params()), count),
        "density_surface": Step(
            help="The density of incidents as polygons between round values, events per km² and period.",
            help_zh="事件密度面:整数分级多边形,单位为件/平方公里/时段。",
            inputs=("incidents", "cells"),
            params=describe_all([*params_of(SurfaceSettings), *common_params()]),
            work=draw_surface,
        ),
        "relative_risk": Step(
            help="Where one class of incidents is denser or sparser than another, with tolerance contours.",
            help_zh="相对风险:一类事件相对另一类偏密或偏疏之处,附容忍等值线。",
            inputs=("incidents", "cells"),
            params=describe_all([*params_of(RiskSettings), *common_params()]),
            work=compare,
        ),
        "change_points": _point_step(
            "When the level of the whole city's reports changed, class by class, and whether that was declared.",
            "水平变化点:全市各类来件水平何时改变,是否已申报。",
            ChangeSettings,
            find_levels,
        ),
        **{name: _point_step(*facts) for name, facts in POINT_STEPS.items()},
        **{name: _point_step(*facts, ledger=name == "closure") for name, facts in LOOP_STEPS.items()},
        **{name: _model_step(cls) for name, cls in registry().items()},
    }


def run_step(
    name: str, files: Files, settings: dict[str, Any], out: str, replace: bool, progress: Progress
) -> dict[str, Any]:
    """Run one step and write its table to *out*; returns what was written, as plain data.

    Raises InputError for a setting outside its bounds, and where *out* cannot be written.
    """
    from ..layers.incidents.rules import notice
    from ..layers.tables import check_table_path, write_table

    check_table_path(out, replace)
    table, notices = all_steps()[name].work(files, settings, progress)
    remarks = [notice("N-REMARK-001", text=text) for text in files.remarks]
    notices = [*remarks, *(told for told in notices if told not in remarks)]
    progress(0.95, "Writing|写出")
    write_table(out, table, name, replace)
    told = [{"code": notice.code, "zh": notice.zh, "en": notice.en} for notice in notices]
    return {"step": name, "out": out, "rows": len(table), "numbers": tell_numbers(name, table), "notices": told}


def settings_of(cls: type, settings: dict[str, Any]) -> Any:
    """An object of *cls* with those of *settings* that are its own, checked."""
    own = {f.name for f in fields(cls)}
    made = cls(**{name: value for name, value in settings.items() if name in own})
    check(made)
    return made


def _cells_step() -> Step:
    return Step(
        help="Make square or hexagonal cells over the extent of the incidents.",
        help_zh="按事件范围生成方格或六边形网格。",
        inputs=("incidents",),
        params=describe_all(params_of(Lattice)),
        work=_make_cells,
    )


def _make_cells(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    from ..layers.grids import make_cells
    from ..layers.incidents import read_incidents
    from ..pipeline import Plan

    lattice, given = settings_of(Lattice, settings), files.for_run()
    facts = {"columns": given["columns"], "crs": given["crs"], "timezone": Plan().timezone, "duplicates": "keep"}
    intake = read_incidents(given["incidents"], **facts, progress=progress)
    layer = make_cells(lattice.shape, lattice.size, intake.incidents)
    finest = layer.table["unit_level"] == layer.table["unit_level"].max()  # the city above is made when they are read
    return layer.table.loc[finest, ["cell_id", "name", "role", "geometry"]], [*intake.notices, *layer.notices]


def common_params() -> list[Any]:
    """The plan's settings that also matter to a single step."""
    from ..pipeline.plan import plan_params

    return [(name, kind, default, p) for name, _, _, kind, default, p in plan_params() if name in COMMON]


def _model_step(cls: Any) -> Step:
    """The step of a model: its own settings, the class and level it looks at, and what the plan says about time."""
    return Step(
        help=f"{cls.title}: one class on one level of cells.",
        help_zh=f"{cls.title_zh}:在一个层级的网格上分析一个类别。",
        inputs=("incidents", "cells"),
        params=describe_all([*params_of(cls), *params_of(Scope), *common_params()]),
        work=lambda files, settings, progress: _score(cls, files, settings, progress),
    )


def _point_step(help: str, help_zh: str, cls: Any, work: Any, ledger: bool = False) -> Step:
    """A step on the incidents themselves: its own settings, and what the plan says about time and places."""
    params = describe_all([*params_of(cls), *common_params()])
    inputs = ("incidents", "cells", *(("ledger",) if ledger else ()))
    return Step(help=help, help_zh=help_zh, inputs=inputs, params=params, work=work)


def prepared_for(files: Files, settings: dict[str, Any], progress: Progress) -> Any:
    """Steps 1 to 5 of the journey under those of *settings* that are the plan's (`COMMON`)."""
    from ..pipeline import Plan
    from ..pipeline.preparation import Inputs, prepare

    plan = Plan().with_settings({name: value for name, value in settings.items() if name in COMMON})
    return prepare(plan, Inputs(**files.for_run()), progress)


def _score(cls: Any, files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per cell: the window's incidents (or the last bin's, for a model over time) and what the model says."""
    model, scope = settings_of(cls, settings), settings_of(Scope, settings)
    ready = prepared_for(files, settings, progress)
    cube = _cube_of(ready, scope, cls)
    progress(0.7, "Scoring|计算")
    return _scored_cells(model, cube, ready, scope), list(ready.notices)


def _cube_of(ready: Any, scope: Scope, cls: Any) -> Any:
    """The cube of the class and level asked for; classes that are only described stop at the street.

    A model that judges what is new counts reports of one burst from one spot once, as the run's warnings do.
    """
    from ..cube import ALL_CLASSES
    from ..pipeline.journey import lowest_level
    from ..pipeline.points import only_described
    from ..pipeline.surveillance import visible_at

    levels = ready.counts.cells.levels(scope.role)
    if not levels:
        raise refusal("E-ASK-014", where="--role", role=scope.role)
    level = levels[-1] if scope.unit_level < 0 else scope.unit_level
    if level not in levels:
        raise refusal("E-ASK-015", where="--unit-level", level=level, levels=", ".join(map(str, levels)))
    node = scope.class_node or ALL_CLASSES
    if not ready.counts.in_class(node).any():
        nodes = ", ".join(ready.counts.nodes(1)[1:6])
        raise refusal("E-ASK-016", where="--class-node", classes=nodes)
    lowest = lowest_level(ready)
    if level > lowest(node):
        raise only_described()
    counts = visible_at(ready.counts, level, lowest)
    known = ready.almanac.of_class(counts, node, ready.plan, ready.valid)
    measure = "distinct" if cls.has_null and (cls.temporal or cls.end_only) else "count"
    cube = counts.cube(node, level, scope.role, measure=measure, factors=known)
    mix = counts.class_mix(node, level, scope.role) if "class_mix" in cls.uses else {}
    return replace(cube, factors={**cube.factors, **mix})


def _scored_cells(model: Any, cube: Any, ready: Any, scope: Scope) -> Any:
    from ..models.base import at_last, window_cube
    from ..pipeline.maps import window_of

    recent = cube.window(window_of(ready.counts, ready.plan))
    seen = cube if model.temporal or model.end_only else window_cube(recent)
    model.fit(seen)
    start = cube.bins[-1] if model.temporal or model.end_only else recent.bins[0]
    cells = ready.cells.table.set_index("cell_id").loc[cube.cells]
    table = cells[["name", "unit_level", "role", "geometry"]].reset_index()
    facts: dict[str, Any] = {
        "category": scope.class_node or "全部",
        "window_start": str(start.astype("datetime64[m]")),
        "window_end": f"{ready.as_of:%Y-%m-%dT%H:%M}",
        "incidents": seen.counts[-1].astype(int),
        "evidence": at_last(model.evidence, seen),
        "status": model.status(seen).astype(str),
    }
    if hasattr(model, "score_samples"):
        facts["score"] = model.score_samples(seen)[-1]
    if model.has_null:
        facts["log_p"] = at_last(model.log_p, seen)
    facts |= model.details(seen)
    return table.assign(**facts)
