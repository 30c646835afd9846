"""Cells that no run can use; the faults `check` looks for in every file of cells are `grids.rules`."""

from __future__ import annotations

CELLS: dict[str, tuple[str, str, str, str]] = {
    "E-CELL-101": (
        "there is no file {file}",
        "没有文件{file}",
        "Check the name and the folder.",
        "检查文件名和文件夹。",
    ),
    "E-CELL-102": (
        "the archive holds {n} layer files, not one",
        "压缩包中有{n}个图层文件,应为一个",
        "Put exactly one GeoPackage, GeoJSON, Shapefile or FlatGeobuf inside.",
        "只放入一个GeoPackage、GeoJSON、Shapefile或FlatGeobuf。",
    ),
    "E-CELL-103": (
        "the cells hold {kinds}, not polygons",
        "网格文件中是{kinds},不是面",
        "Give the layer of the cells' areas, not of their borders or centres.",
        "给出网格的面图层,而不是边界线或中心点。",
    ),
    "E-CELL-104": (
        "the cells hold no polygons",
        "网格文件中没有面",
        "Give the layer of the cells' areas, not of their borders or centres.",
        "给出网格的面图层,而不是边界线或中心点。",
    ),
    "E-CELL-105": (
        "the cells hold curves, not polygons",
        "网格文件中是曲线,不是面",
        "Turn them into straight lines: in QGIS, Segmentize.",
        "转换为折线:在QGIS中用“分段化(Segmentize)”。",
    ),
    "E-CELL-106": (
        "a shape of the cells is damaged",
        "有一个网格的图形已损坏",
        "Open the layer in QGIS and save it again as GeoPackage.",
        "用QGIS打开图层,另存为GeoPackage。",
    ),
    "E-CELL-107": (
        "the file holds no geometry column",
        "文件中没有几何列",
        "Export it as GeoParquet.",
        "导出为GeoParquet。",
    ),
    "E-CELL-108": ("{n} cells have no area", "{n}个网格没有面积", "Redraw them.", "重新绘制。"),
    "E-CELL-109": (
        "it is not known from which day today's cells count",
        "不知道现行网格从哪一天起生效",
        "Name the day with --cells-since 2026-01-05, or give both files their days of validity.",
        "用 --cells-since 2026-01-05 指定日期,或在两个文件中写明有效期。",
    ),
    "E-CELL-110": ("{text!r} is not a day", "{text!r}不是日期", "Write it as 2026-01-05.", "写作2026-01-05。"),
    "E-CELL-111": (
        "the parents form a circle",
        "上级编码首尾相接成环",
        "Correct the column of the parents.",
        "改正上级编码列。",
    ),
    "E-CELL-112": (
        "unit {unit!r} lies in more than one unit of column {column}",
        "单元{unit!r}属于列{column}中的多个单元",
        "Name parent columns that nest, or correct the codes.",
        "指定逐级包含的上级列,或改正编码。",
    ),
    "E-CELL-113": (
        "cells cannot be made as {shape!r} of {size} m",
        "无法生成{size}米的{shape!r}网格",
        "Choose square or hexagon, and metres above 0.",
        "形状选square或hexagon,边长应大于0米。",
    ),
    "E-CELL-114": (
        "no incident has a place",
        "没有一条事件有位置",
        "Give cells from a file, or coordinates.",
        "提供网格文件,或提供坐标。",
    ),
    "E-CELL-115": (
        "cells of {size:g} m over this extent would be {n:,}, more than {most:,}",
        "在此范围内{size:g}米的网格将有{n:,}个,超过{most:,}个",
        "Choose a larger size, or remove incidents far outside the city.",
        "加大边长,或去掉远在市外的事件。",
    ),
    "E-CELL-116": (
        "there is no column {column!r} for {part}",
        "没有列{column!r}(用于{part})",
        "The columns are: {columns}.",
        "现有的列:{columns}。",
    ),
    "E-CELL-117": (
        "no column holds the code of the cells",
        "没有识别出网格编码列",
        "Name it with --cell-id. The columns are: {columns}.",
        "用 --cell-id 指定。现有的列:{columns}。",
    ),
    "E-CELL-118": (
        "a code is stored as a number with lost digits",
        "编码以数字存储,末位已丢失",
        "Export the column as text from the system it came from; lost digits cannot be restored.",
        "从原系统把该列按文本导出;丢失的数位无法恢复。",
    ),
    "E-CELL-119": (
        "{n} cells repeat the code of another",
        "{n}个网格的编码与其他网格重复",
        "Give every cell a code of its own; merge the parts of one cell into a multipolygon.",
        "每个网格应有自己的编码;同一网格的各部分合并为多部件面。",
    ),
    "E-CELL-120": (
        "no cell is territorial (属地)",
        "没有属地网格",
        "Check the column of the roles.",
        "检查网格性质列。",
    ),
    "E-CELL-121": ("{n} cells have no code", "{n}个网格没有编码", "Fill them in.", "补填。"),
    "E-CELL-122": (
        "{n} cells have a role that is neither 属地 nor 专属",
        "{n}个网格的性质既不是属地也不是专属",
        "Use 属地 (territorial) or 专属 (sectoral).",
        "填写“属地”或“专属”。",
    ),
    "E-CELL-123": (
        "{n} cells name a unit above that is not in the file (E-CELL-003)",
        "{n}个网格的上级编码在文件中不存在(E-CELL-003)",
        "Correct the code of the parent, or add the unit it names.",
        "改正上级编码,或补上该单元。",
    ),
    "E-CELL-124": (
        "{n} cells lie wholly under others and would have no ground left",
        "{n}个网格完全被其他网格覆盖,修复后将不剩面积",
        "Remove or redraw them; which of two cells is meant cannot be told.",
        "删除或重新绘制;无法判断应保留哪一个。",
    ),
    "E-CELL-125": (
        "{n} rows cannot be repaired: {fault} ({rule})",
        "{n}行无法修复:{fault}({rule})",
        "{fix}",
        "{fix}",
    ),
    "E-CELL-126": (
        "{n} incidents have the code of a former cell and no point, and their cells were divided anew",
        "{n}条事件只有旧网格编码、没有坐标,而这些网格已重新划分",
        "Give their coordinates, or let them be dealt out by share of area (an estimate): --redivision areal.",
        "补充坐标,或按面积比例分摊(属估算):--redivision areal。",
    ),
    "E-CELL-127": (
        "no cell is valid at {day}",
        "{day}没有有效的网格",
        "Correct the dates of validity, or give the cells of that time.",
        "改正有效期,或提供当时的网格。",
    ),
    "E-CELL-128": (
        "{n} dates of validity cannot be read",
        "{n}个有效期日期无法识别",
        "Write them as 2026-01-05, and leave open ends blank.",
        "写作2026-01-05,长期有效的留空。",
    ),
}
