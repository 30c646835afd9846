"""The sample city: made byte for byte, sound in its geometry, and truth.json true of the files."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.sample_data import CELLS, INCIDENTS, RESPONSIBLE, TRUTH, sample_path

FILES = (*INCIDENTS, CELLS, RESPONSIBLE, TRUTH)
MEGABYTE = 1024 * 1024


def member(path: Path) -> tuple[str, bytes]:
    """Name and content of the only member of a zip."""
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name)


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def raw() -> list[pd.DataFrame]:
    """The two exports as text, row by row as they stand."""
    out = []
    for name in INCIDENTS:
        rows = list(csv.reader(io.StringIO(member(sample_path(name))[1].decode("gb18030"), newline="")))
        assert {len(row) for row in rows} == {16}
        out.append(pd.DataFrame(rows[1:], columns=rows[0]))
    return out


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    """The properties of the cells, and their geometry."""
    features = json.loads(member(sample_path(CELLS))[1])["features"]
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]
    return pd.DataFrame([feature["properties"] for feature in features]).assign(geometry=shapes)


@pytest.fixture(scope="module")
def incidents(raw: list[pd.DataFrame], cells: pd.DataFrame, truth: dict) -> pd.DataFrame:
    """Both files read independently of our reader: each number once, times parsed, the cell found from the point."""
    rows = pd.concat([raw[0], raw[1].rename(columns={"登记时间": "受理时间"})], ignore_index=True)
    rows = rows.drop_duplicates("工单编号").reset_index(drop=True)
    rows["when"] = pd.to_datetime(rows["发生时间"], format="%Y-%m-%d %H:%M", errors="coerce")
    rows["reported"] = pd.to_datetime(rows["受理时间"], format="%Y-%m-%d %H:%M")
    rows["day"] = rows["when"].dt.strftime("%Y-%m-%d")
    x, y = (pd.to_numeric(rows[c].str.normalize("NFKC"), errors="coerce").to_numpy() for c in ("经度", "纬度"))
    point = truth["default_points"][0]
    rows["default"] = (x == point["lon"]) & (y == point["lat"])
    territorial = cells[cells["角色"] == "属地"]
    placed = np.flatnonzero(np.isfinite(x) & ~rows["default"])
    of_point, of_cell = shapely.STRtree(territorial["geometry"].to_numpy()).query(
        shapely.points(x[placed], y[placed]), predicate="within"
    )
    rows["cell"] = ""
    rows.loc[placed[of_point], "cell"] = territorial["网格编码"].to_numpy()[of_cell]
    rows["class"] = rows["诉求大类"] + "/" + rows["诉求小类"] + "/" + rows["诉求事项"]
    return rows.assign(x=x, y=y)


def in_class(rows: pd.DataFrame, category: str) -> pd.Series:
    return (rows["class"] + "/").str.startswith(f"{category}/") if category else rows["诉求大类"] != ""


def in_unit(rows: pd.DataFrame, unit: str) -> pd.Series:
    return rows["cell"].str.startswith(unit) if unit != "CITY" else rows["工单编号"] != ""


def daily(rows: pd.DataFrame, first: str, days: int) -> np.ndarray:
    """(days,) incidents per local day from *first* on."""
    dates = pd.date_range(first, periods=days).strftime("%Y-%m-%d")
    return rows["day"].value_counts().reindex(dates, fill_value=0).to_numpy()


def test_the_script_makes_the_same_bytes(tmp_path: Path, root: Path):
    script = root / "sample_data" / "make_city.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True, timeout=300)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        if name.endswith(".zip"):
            assert member(tmp_path / name) == member(sample_path(name)), name
    if "zlib-ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("this Python compresses with zlib-ng: the contents are equal, the compressed bytes may differ")
    for name in FILES:
        assert (tmp_path / name).read_bytes() == sample_path(name).read_bytes(), name


def test_the_folder_is_small():
    assert sum(sample_path(name).stat().st_size for name in FILES) < 3 * MEGABYTE
    assert sample_path(CELLS).stat().st_size < 1.2 * MEGABYTE


def test_a_missing_sample_says_how_to_make_it():
    with pytest.raises(RuntimeError, match=r"incidents_1999.* is not there .*make_city\.py"):
        sample_path("incidents_1999.csv")


def test_the_hierarchy_is_complete(cells: pd.DataFrame):
    own = cells[cells["角色"] == "属地"]
    assert own["区"].nunique() == 3 and own["街道"].nunique() == 18 and own["社区"].nunique() == 90
    assert 1100 <= len(own) <= 1300 and 5 <= (cells["角色"] == "专属").sum() <= 9
    assert own["网格编码"].str.fullmatch(r"\d{15}").all() and cells["网格编码"].is_unique
    for column, digits in (("区编码", 6), ("街道编码", 9), ("社区编码", 12)):
        assert (own[column] == own["网格编码"].str[:digits]).all()
        assert own.groupby(column[:-2])[column].nunique().eq(1).all()
    assert (own["人口"] > 0).all() and 5e5 < own["人口"].sum() < 3e6
    assert cells["责任单位"].str.len().gt(2).all()


def test_cells_are_sound_and_snap_to_each_other(cells: pd.DataFrame):
    shapes = cells["geometry"].to_numpy()
    assert shapely.is_valid(shapes).all() and set(shapely.get_type_id(shapes)) == {3}
    own = shapes[(cells["角色"] == "属地").to_numpy()]
    assert shapely.union_all(own).area == pytest.approx(shapely.area(own).sum(), rel=1e-9)
    pairs = shapely.STRtree(own).query(own, predicate="overlaps")
    assert pairs.size == 0, "territorial cells overlap"
    corners = Counter(map(tuple, np.vstack([shapely.get_coordinates(s)[:-1] for s in own])))
    assert sum(n >= 3 for n in corners.values()) > 1500  # three cells meet in the very same corner
    assert not shapely.intersects(
        own, cells.loc[cells["网格名称"] == "霁江河道", "geometry"].item().buffer(-1e-4)
    ).any()


@pytest.mark.parametrize(("column", "units"), [("社区编码", 90), ("街道编码", 18), ("区编码", 3)])
def test_every_unit_is_in_one_piece(cells: pd.DataFrame, column: str, units: int):
    own = cells[cells["角色"] == "属地"]
    merged = own.groupby(column)["geometry"].apply(lambda g: shapely.union_all(g.to_numpy()))
    assert len(merged) == units and set(shapely.get_type_id(merged.to_numpy())) == {3}


def test_sectoral_cells_lie_over_territorial_ones(cells: pd.DataFrame):
    role = (cells["角色"] == "属地").to_numpy()
    land = shapely.union_all(cells["geometry"].to_numpy()[role])
    for _, cell in cells[~role & (cells["网格名称"] != "霁江河道")].iterrows():
        assert cell["geometry"].intersection(land).area > 0.9 * cell["geometry"].area, cell["网格名称"]
        assert cell["街道"] == cell["社区"] == cell["区"] == ""


def test_the_exports_are_gb18030_with_one_column_renamed(raw: list[pd.DataFrame], truth: dict):
    first, second = raw
    assert [(a, b) for a, b in zip(first, second, strict=True) if a != b] == [("受理时间", "登记时间")]
    assert {f"incidents_{y}.csv": len(t) for y, t in zip((2024, 2025), raw, strict=True)} == truth["rows"]
    assert 58_000 <= len(first) + len(second) <= 62_000
    assert first["受理时间"].str.startswith("2024").all() and second["登记时间"].str.startswith("2025").all()
    with pytest.raises(UnicodeDecodeError):
        member(sample_path(INCIDENTS[0]))[1].decode("gbk")  # a rare character needs the whole of GB18030


def test_three_levels_sixty_matters_three_sources(incidents: pd.DataFrame):
    full = incidents[incidents["诉求事项"] != ""]
    assert full["class"].nunique() == 60 and full["诉求大类"].nunique() == 10
    assert full.groupby("诉求事项")["诉求小类"].nunique().max() == 1
    assert full.groupby("诉求小类")["诉求大类"].nunique().max() == 1
    assert (
        set(incidents["来源"]) == {"12345热线", "110接警", "网格巡查"} and incidents["来源"].value_counts().min() > 5000
    )
    assert set(incidents["办理类型"]) == {"办理", "报备"}
    closed = pd.to_datetime(incidents["办结时间"], format="%Y-%m-%d %H:%M", errors="coerce")
    assert (closed[closed.notna()] > incidents["reported"][closed.notna()]).all()
    assert (closed.dropna() < "2026-01-01 08:00").all() and 0.7 < closed.notna().mean() < 0.95


def test_persons_are_invented(incidents: pd.DataFrame, truth: dict):
    head = truth["city"]["phone_head"]
    assert incidents["联系电话"].str.fullmatch(rf"(?:{head}\d{{4}})?").all()
    assert incidents["联系电话"].str.fullmatch(r"1[3-9]\d{9}").sum() > 30_000  # yet they have a mobile number's shape
    assert incidents["联系人姓名"].str.fullmatch("(?:[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨][甲乙丙丁戊己庚辛壬癸])?").all()


def test_surges_are_there(incidents: pd.DataFrame, truth: dict):
    """Counted anew from the points and the polygons, not from the numbers the script kept."""
    told = [s for s in truth["surges"] + truth["decoys"] if "observed" in s]
    for surge in told:
        mine = incidents[in_class(incidents, surge["category"]) & in_unit(incidents, surge["unit"])]
        assert [int((mine["day"] == d).sum()) for d in surge["dates"]] == surge["observed"], surge["id"]
        sources = mine.loc[mine["day"].isin(surge["dates"]), "来源"].value_counts()
        assert {k: v for k, v in surge["sources"].items() if v} == sources.to_dict(), surge["id"]
        if "planted" in surge:
            assert all(seen >= n for seen, n in zip(surge["observed"], surge["planted"], strict=True)), surge["id"]


def test_strengths_are_those_of_the_units_own_counts(incidents: pd.DataFrame, truth: dict):
    """The sd is measured again in the files, where a few rows have lost their place or class."""
    kinds = Counter((s["strength"], s["scope"]) for s in truth["surges"] if s["strength"] in (3, 6, 10))
    assert kinds == Counter({(k, scope): 1 for k in (3, 6, 10) for scope in ("cell", "street", "city")})
    days, floor = truth["rules"]["baseline_days"], truth["rules"]["sd_floor"]
    for surge in truth["surges"]:
        mine = incidents[in_class(incidents, surge["category"]) & in_unit(incidents, surge["unit"])]
        first = pd.Timestamp(surge["dates"][0]) - pd.Timedelta(days=days)
        sd = daily(mine, str(first.date()), days).std(ddof=1)
        assert sd == pytest.approx(surge["sd"], abs=0.12, rel=0.05), surge["id"]
        if surge["strength"] in (3, 6, 10):
            assert surge["planted"] == [int(np.ceil(surge["strength"] * max(surge["sd_used"], floor) - 1e-2))], surge[
                "id"
            ]


def test_surges_stand_apart_until_the_last_days(truth: dict):
    first = sorted(pd.Timestamp(s["dates"][0]) for s in truth["surges"])
    gaps = np.diff(first) / np.timedelta64(1, "D")
    assert sorted(gaps)[:2] == [0, 1] and sorted(gaps)[2] >= 10  # only the last days' three come together
    assert len(truth["decoys"]) >= len(truth["surges"])
    pipe = next(s for s in truth["surges"] if s["id"] == "burst-2")
    assert pipe["dates"][-1] == truth["city"]["last_day"] and min(pipe["sources"].values()) >= 4


def test_hot_spots_are_hot(incidents: pd.DataFrame, cells: pd.DataFrame, truth: dict):
    n = (cells["角色"] == "属地").sum()
    for spot in truth["hot_spots"]:
        leaf = np.any([in_class(incidents, c) for c in spot["categories"]], axis=0)
        mine = incidents[leaf & (incidents["cell"] != "")]
        here = mine["cell"].isin(spot["cells"])
        assert here.sum() == pytest.approx(spot["rows"], rel=0.02), spot["name"]  # blank matters fall out of a leaf
        assert here.sum() / len(spot["cells"]) > 10 * len(mine) / n, spot["name"]


def test_silence_outage_dips_and_delay(incidents: pd.DataFrame, truth: dict):
    silent = truth["silent_cells"][0]
    mine = incidents[incidents["cell"] == silent["cell"]]
    assert (mine["day"] >= silent["from"]).sum() == 0 and (mine["day"] < silent["from"]).sum() > 200
    usual = incidents["day"].value_counts().median()
    for outage in truth["outages"]:
        assert all((incidents["day"] == d).sum() < 0.2 * usual for d in outage["dates"])
    for dip in truth["festival_dips"]:
        assert daily(incidents, dip["date"], 4).mean() < 0.65 * usual
    delay = truth["reporting_delay"]
    late = (incidents["reported"].dt.normalize() > incidents["when"].dt.normalize())[incidents["when"].notna()]
    slow = incidents["day"].between(*delay["slow_weeks"])
    assert late[slow].mean() == pytest.approx(delay["share_in_slow_weeks"], abs=0.01)
    assert late[~slow].mean() == pytest.approx(delay["share_registered_on_a_later_day"], abs=0.01)


def test_the_default_point_is_a_heap_of_many_classes(incidents: pd.DataFrame, truth: dict):
    point, heap = truth["default_points"][0], incidents[incidents["default"]]
    assert len(heap) == point["rows"] > 400 and heap["class"].nunique() >= point["classes"] > 40
    others = incidents.loc[~incidents["default"] & incidents["x"].gt(100)].groupby(["x", "y"]).size()
    assert others.max() < 30  # no other point comes near it


def test_the_same_event_seen_by_two_sources(incidents: pd.DataFrame, truth: dict):
    told = truth["cross_source_duplicates"]
    by_id = incidents.set_index("工单编号")
    a, b = (by_id.loc[[pair[k] for pair in told["pairs"]]].reset_index() for k in (0, 1))
    assert len(a) > 350 and set(a["来源"]) == {"12345热线"} and set(b["来源"]) == {"110接警"}
    minutes = (b["when"] - a["when"]).dt.total_seconds() / 60
    assert minutes.between(1, told["minutes"]).all()
    metres = np.hypot((b["x"] - a["x"]) * 96_300, (b["y"] - a["y"]) * 110_850)
    assert metres.max() <= told["metres"] and (a["class"] == b["class"]).all()


def test_trouble_is_as_told(raw: list[pd.DataFrame], truth: dict):
    rows = pd.concat([raw[0], raw[1].rename(columns={"登记时间": "受理时间"})], ignore_index=True)
    told = {name: entry["rows"] for name, entry in truth["trouble"].items()}
    x, y = rows["经度"], rows["纬度"]
    once = ~rows.duplicated("工单编号")
    wide = x.str.contains("[０-９]")
    number = pd.to_numeric(x.where(~wide), errors="coerce")
    when = pd.to_datetime(rows["发生时间"], format="%Y-%m-%d %H:%M", errors="coerce")
    text = rows["诉求内容"]
    seen = {
        "blank_class": (rows["诉求大类"] == "")[once].sum(),
        "blank_matter": ((rows["诉求事项"] == "") & (rows["诉求大类"] != ""))[once].sum(),
        "blank_coordinates": ((x == "") & (y == ""))[once].sum(),
        "zero_coordinates": (x == "0")[once].sum(),
        "swapped_coordinates": number.between(29, 31)[once].sum(),
        "full_width_digits": wide[once].sum(),
        "bad_occurrence_time": when.isna()[once].sum(),
        "damaged_cell_code": rows["网格编码"].str.contains("E")[once].sum(),
        "unknown_cell_code": (rows["网格编码"] == "990199001001001")[once].sum(),
        "quoted_text": text.str.contains('"')[once].sum(),
        "line_break_in_text": text.str.contains("\n")[once].sum(),
        "hostile_text": text.str.contains(r"^[=+@]|\{|<|'")[once].sum(),
        "same_number_again": (~once).sum(),
    }
    assert seen == {name: told[name] for name in seen}
    assert rows.duplicated().sum() == told["same_number_again"] > told["exact_duplicate_rows"]
    outside = rows.set_index("工单编号").loc[truth["trouble"]["outside_city"]["ids"]]
    assert np.hypot(outside["经度"].astype(float) - 113.2, outside["纬度"].astype(float) - 30.1).min() > 0.15


def test_decoys_of_the_export(incidents: pd.DataFrame, raw: list[pd.DataFrame], truth: dict):
    rows = pd.concat([raw[0], raw[1].rename(columns={"登记时间": "受理时间"})], ignore_index=True)
    same = [
        c
        for c in rows.columns
        if c not in ("工单编号", "受理时间", "办结时间", "联系人姓名", "联系电话", "诉求内容", "网格编码")
    ]
    for decoy in (d for d in truth["decoys"] if d["kind"] == "re-sent batch"):
        day = rows[rows["发生时间"].str.startswith(decoy["dates"][0])]
        again = (
            day.duplicated("工单编号")
            if "相同" in decoy["note"][-2:] and "不同" not in decoy["note"]
            else day.duplicated(same)
        )
        assert again.sum() == pytest.approx(decoy["rows"], abs=1) and decoy["rows"] >= 25
    backlog = next(d for d in truth["decoys"] if d["kind"] == "backlog")
    mine = incidents[incidents["受理时间"].str.startswith(backlog["dates"][0])]
    assert ((mine["reported"] - mine["when"]).dt.days >= 5).sum() == backlog["rows"]


def test_responsible_units_fit_the_classes_and_areas(cells: pd.DataFrame, incidents: pd.DataFrame):
    data = sample_path(RESPONSIBLE).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")
    assert list(table.columns) == ["类别", "区域", "责任单位"] and not table.duplicated(["类别", "区域"]).any()
    classes = set(incidents["诉求大类"]) | set(incidents["诉求大类"] + "/" + incidents["诉求小类"])
    assert set(table["类别"]) <= classes and set(table["区域"]) <= {"全市"} | set(cells["区"]) | set(cells["街道"])
    assert set(table["类别"]) >= set(incidents["诉求大类"]) - {""}
    assert (table["责任单位"].str.len() > 3).all()
