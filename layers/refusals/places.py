"""Coordinate systems and coordinates that cannot be used."""

from __future__ import annotations

PLACES: dict[str, tuple[str, str, str, str]] = {
    "E-CRS-001": (
        "{text!r} is not a coordinate system",
        "{text!r}不是坐标系",
        "Name one as EPSG:4326 or EPSG:4490.",
        "写作EPSG:4326或EPSG:4490。",
    ),
    "E-CRS-002": (
        "there is no coordinate system {text}",
        "没有坐标系{text}",
        "Use gcj02, bd09, cgcs2000, a code such as EPSG:4490, WKT or a PROJ text.",
        "可用gcj02、bd09、cgcs2000、EPSG:4490这样的代码、WKT或PROJ文本。",
    ),
    "E-CRS-003": (
        "no transformation with a known accuracy leads from {source} to {target}",
        "从{source}到{target}没有已知精度的坐标转换",
        "Bring both files into WGS 84 or CGCS2000 first, with your survey's parameters; or name the system with "
        "them, as a PROJ text with +towgs84 (+towgs84=0,0,0 for a local grid that rests on CGCS2000).",
        "先用测绘部门的参数把两个文件转换到WGS 84或CGCS2000;或在PROJ文本中用+towgs84写明参数"
        "(以CGCS2000为基准的地方坐标系写+towgs84=0,0,0)。",
    ),
    "E-CRS-004": (
        "the layer names no coordinate system",
        "图层没有标明坐标系",
        "Name it with --crs EPSG:4326.",
        "用 --crs EPSG:4326 指定。",
    ),
    "E-CRS-005": (
        "the incidents name no coordinate system",
        "事件没有标明坐标系",
        "Name it with --crs EPSG:4326.",
        "用 --crs EPSG:4326 指定。",
    ),
    "E-CRS-006": (
        "the cells name no coordinate system",
        "网格没有标明坐标系",
        "Name it with --cells-crs EPSG:4326.",
        "用 --cells-crs EPSG:4326 指定。",
    ),
    "E-CRS-007": (
        "the centre ({lon:.4g}, {lat:.4g}) is not a place in degrees",
        "中心点({lon:.4g}, {lat:.4g})不是经纬度",
        "Name the coordinate system the file is really in with --crs.",
        "用 --crs 指定文件实际的坐标系。",
    ),
    "E-CRS-008": (
        "cells lie outside their coordinate system",
        "网格超出其坐标系的范围",
        "Name the right one with --crs.",
        "用 --crs 指定正确的坐标系。",
    ),
    "E-CRS-009": (
        "{system} does not measure in true metres here",
        "{system}在此处不以真实的米度量",
        "Leave it out.",
        "不要指定。",
    ),
    "E-CRS-010": (
        "the coordinates are not degrees, and their coordinate system is not known",
        "坐标不是经纬度,且坐标系未知",
        "Name it with --crs, such as --crs EPSG:4547.",
        "用 --crs 指定,例如 --crs EPSG:4547。",
    ),
    "E-CRS-011": (
        "the coordinates are metres of CGCS2000 without the number of their zone",
        "坐标是不带带号的CGCS2000平面坐标",
        "Name the zone with --crs: EPSG:4534 (75°E) to EPSG:4554 (135°E), one for every 3°; EPSG:4547 is 114°E.",
        "用 --crs 指定分带:EPSG:4534(75°E)至EPSG:4554(135°E),每3°一带;EPSG:4547为114°E。",
    ),
    "E-CRS-012": (
        "x begins with the zone {zones}, but {system} is zone {zone}",
        "x以带号{zones}开头,而{system}是第{zone}带",
        "Pass --crs EPSG:{epsg}, or leave it out.",
        "写 --crs EPSG:{epsg},或不指定。",
    ),
    "E-CRS-013": (
        "{n} of {n_there} coordinates are not degrees",
        "{n_there}个坐标中有{n}个不是经纬度",
        "Name their coordinate system with --crs, such as --crs EPSG:4547.",
        "用 --crs 指定坐标系,例如 --crs EPSG:4547。",
    ),
    "E-CRS-014": (
        "longitude and latitude are swapped in {n} of {n_there} rows",
        "{n_there}行中有{n}行经纬度颠倒",
        "Name the columns the other way round with --lon and --lat.",
        "用 --lon 和 --lat 把两列对调。",
    ),
    "E-GEO-001": (
        "code_pattern must be lengths such as 15,12,9,6, not {text!r}",
        "code_pattern应为15,12,9,6这样的长度,不能是{text!r}",
        "Name how many characters of a code stand for cell, community, street and district.",
        "写明编码中网格、社区、街道、区县各占前多少位。",
    ),
    "E-GEO-002": (
        "no row can be used: {n} have no coordinates, and no code among them names a unit",
        "没有可用的行:{n}行没有坐标,其编码也都对不上任何单元",
        "Check that incidents and cells are of one city, or name the parts of the code with --code-pattern.",
        "确认事件与网格属于同一城市,或用 --code-pattern 写明编码的组成。",
    ),
}
