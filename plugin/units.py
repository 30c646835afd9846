"""What kinds of units are called: the engine and the city name them in Chinese."""

from __future__ import annotations

from .words import pick

KINDS_EN = {
    "全市": "city",
    "城市": "city",
    "市": "city",
    "区": "district",
    "区县": "district",
    "县": "county",
    "街道": "subdistrict",
    "镇街": "subdistrict",
    "乡镇": "township",
    "社区": "community",
    "村居": "community",
    "村里": "village",
    "街区": "neighbourhood",
    "网格": "grid cell",
    "单元网格": "grid cell",
    "单元格": "grid cell",
    "格": "grid cell",
    "专属单元": "sectoral unit",
}


def kind_of_unit(name: str) -> str:
    """A kind of unit in the face's language; the city's own word where there is no other."""
    return pick(KINDS_EN.get(name, name), name)
