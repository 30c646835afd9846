"""Write the sample city's files so that the same content always gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import shapely

from .ground import DECIMALS, Ground
from .words import CITY_HANDLERS, CLASSES, DISTRICTS, STREET_HANDLERS, handler

STAMP = (2026, 1, 1, 8, 0, 0)


def csv_bytes(table: pd.DataFrame, encoding: str) -> bytes:
    """A table as an office program writes it: CRLF, quotes only where needed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.itertuples(index=False))
    return text.getvalue().encode(encoding)


def write_zip(path: Path, name: str, data: bytes) -> None:
    """One deflated member with a fixed time and fixed rights."""
    member = zipfile.ZipInfo(name, STAMP)
    member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, data, compresslevel=9)


def cells_geojson(ground: Ground) -> bytes:
    """The cells, one feature per line, fixed decimals, codes as text."""
    lines = []
    for i, code in enumerate(ground.codes):
        community, street, district = ground.parents[i]
        territorial = i < ground.n_territorial
        facts = {
            "网格编码": code,
            "网格名称": ground.names[i],
            "社区": community,
            "社区编码": code[:12] if territorial else "",
            "街道": street,
            "街道编码": code[:9] if territorial else "",
            "区": district,
            "区编码": code[:6] if territorial else "",
            "角色": "属地" if territorial else "专属",
            "人口": int(ground.population[i]),
            "责任单位": ground.units[i],
        }
        ring = shapely.get_coordinates(ground.shapes[i])
        points = ",".join(f"[{x:.{DECIMALS}f},{y:.{DECIMALS}f}]" for x, y in ring)
        properties = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        lines.append(
            f'{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[{points}]]}}}}'
        )
    return ('{"type":"FeatureCollection","name":"cells","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def responsible_table() -> pd.DataFrame:
    """Class × area: a line per class (or minor class) and district, one for the city, per street with its own unit."""
    out = []
    for major, minors in CLASSES.items():
        for district in DISTRICTS:
            usual = handler((major, "", ""), district)
            if usual:
                out.append((major, district, usual))
            for minor in minors:
                own = handler((major, minor, ""), district)
                if own != usual:
                    out.append((f"{major}/{minor}", district, own))
    out += [(major, "全市", unit) for major, unit in CITY_HANDLERS.items()]
    for (name, street), unit in STREET_HANDLERS.items():
        major = next(a for a, minors in CLASSES.items() if name in (a, *minors))
        out.append((name if name == major else f"{major}/{name}", street, unit))
    return pd.DataFrame(sorted(out), columns=["类别", "区域", "责任单位"])
