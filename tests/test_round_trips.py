"""Codes and rare characters come back byte for byte through every format that is written here and read again."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import xlsxwriter
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import read_incidents
from gridbeacon.layers.spreadsheets import read_guarded_csv, write_csv
from gridbeacon.layers.tables import write_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty.grids import squares, write_cells

CODES = [
    "440105001003120001",  # 18 digits, odd: a float would round it
    "440105001003120003",
    "4401050010031200000000101",  # 25 digits
    "4401050010031200000000103",
    "000123",
    "00",
    "123",
    "1e5",
    "0x1F",
    "NA",
    "null",
    "nan",
    "TRUE",
    "1.0",
    "2026-01-05",
    "𠮷㐂䶮",  # GB18030 beyond GBK: two of four bytes there, one beyond the basic plane
    "\U0002a6d6\U00030000",  # the last of extension B, the first of extension G
    "\ue5e5\ue000",  # private use, where old exports keep rare names
    "ｶﾅ①Ａ１",  # compatibility forms: NFKC would change them
    "e\u0301\u00e9",  # composed and decomposed stay apart
]
CLASSES = [f"供水{code}" for code in CODES]
COLUMNS = {"id": "code", "time": "time", "category": "category", "lon": "lon", "lat": "lat", "handler": "unit"}


def table(codes=CODES) -> pd.DataFrame:
    n = len(codes)
    return pd.DataFrame(
        {
            "code": codes,
            "time": [f"2026-01-{1 + k % 28:02d} 08:03:00" for k in range(n)],
            "category": [f"供水{code}" for code in codes],
            "unit": codes,
            "lon": [113.5 + k / 10_000 for k in range(n)],
            "lat": 22.5,
        }
    )


def layer(codes=CODES) -> gpd.GeoDataFrame:
    t = table(codes)
    return gpd.GeoDataFrame(t.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(t.lon, t.lat), crs=4326)


def to_text(path, encoding, delimiter=","):
    path.write_bytes(table().to_csv(index=False, sep=delimiter, lineterminator="\r\n").encode(encoding))


def to_workbook(path):
    t = table()
    with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False}) as book:
        page = book.add_worksheet()
        for number, row in enumerate([list(t.columns), *t.itertuples(index=False)]):
            page.write_row(number, 0, list(row))


WRITERS = {
    "guarded.csv": lambda path: write_csv(path, table()),
    "gb18030.csv": lambda path: to_text(path, "gb18030"),
    "utf16.csv": lambda path: to_text(path, "utf-16"),
    "mark.tsv": lambda path: to_text(path, "utf-8-sig", "\t"),
    "book.xlsx": to_workbook,
    "layer.gpkg": lambda path: write_table(path, layer(), "incidents"),
    "layer.geojson": lambda path: write_table(path, layer(), "incidents"),
    "layer.fgb": lambda path: pyogrio.write_dataframe(layer(), path),
    "layer.shp": lambda path: pyogrio.write_dataframe(layer(), path, encoding="UTF-8"),
    "plain.parquet": lambda path: pq.write_table(pa.Table.from_pandas(table(), preserve_index=False), path),
    "geo.parquet": lambda path: layer().to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_codes_and_rare_characters_survive(name, tmp_path):
    WRITERS[name](tmp_path / name)
    own_points = name.startswith(("layer", "geo"))
    columns = {role: column for role, column in COLUMNS.items() if not (own_points and role in ("lon", "lat"))}
    intake = read_incidents([tmp_path / name], columns=columns)
    assert intake.rows_in == len(CODES) and intake.quarantine.empty and intake.duplicates.empty
    found = intake.incidents.sort_values("time" if name.endswith("fgb") else "source_row")  # FlatGeobuf sorts by place
    for column, wanted in (("incident_id", CODES), ("handler", CODES), ("category", CLASSES)):
        assert [text.encode() for text in found[column]] == [text.encode() for text in wanted], column


@pytest.mark.parametrize("ending", ["csv", "gpkg", "geojson"])
def test_a_table_written_here_and_read_again_and_again_stays_the_same(ending, tmp_path):
    first = tmp_path / f"1.{ending}"
    write_table(first, layer(), "incidents")
    read = _texts(first)
    again = tmp_path / f"2.{ending}"
    write_table(
        again, layer().assign(**{name: read[name].to_numpy() for name in ("code", "category", "unit")}), "incidents"
    )
    for name, wanted in (("code", CODES), ("category", CLASSES), ("unit", CODES)):
        assert _texts(again)[name].tolist() == wanted


def _texts(path) -> pd.DataFrame:
    return read_guarded_csv(path) if path.suffix == ".csv" else pyogrio.read_dataframe(path)


@pytest.mark.parametrize("name", ["cells.gpkg", "cells.geojson", "cells.shp"])
def test_codes_of_cells_survive(name, tmp_path):
    ids = ["440105001003120001", "4401050010031200000000101", "000123", "𠮷㐂"]
    cells = read_cells(write_cells(tmp_path / name, squares(), ids)).table
    assert sorted(cells.loc[cells["unit_level"] > 0, "cell_id"]) == sorted(ids)
    write_table(tmp_path / "again.gpkg", cells[cells["unit_level"] > 0][["cell_id", "geometry"]], "cells")
    assert sorted(read_cells(tmp_path / "again.gpkg").table["cell_id"]) == sorted([*ids, "CITY"])


PLANES = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x30000, 0x3134A), (0xE000, 0xF8FF), (0x370, 0x3FF))
GB18030 = st.one_of([st.integers(low, high).map(chr) for low, high in PLANES])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(GB18030, min_size=1, max_size=8).map(lambda text: f"码{text}"), min_size=1, max_size=12, unique=True
    )
)
def test_any_characters_of_gb18030_survive_text_and_parquet(tmp_path, codes):
    t = table(codes)
    for name in ("a.csv", "b.csv", "c.parquet"):
        if name == "a.csv":  # common characters prevail in a real export; the reader asks for that
            t.assign(note="我们在小区里没有水了" * 12).to_csv(tmp_path / name, index=False, encoding="gb18030")
        elif name == "b.csv":
            write_csv(tmp_path / name, t)
        else:
            pq.write_table(pa.Table.from_pandas(t, preserve_index=False), tmp_path / name)
        found = read_incidents([tmp_path / name], columns=COLUMNS).incidents
        assert found.sort_values("source_row")["incident_id"].tolist() == codes
