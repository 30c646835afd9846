"""What lies beneath the cells: the user's own layers, a picture of QGIS, tiles of one host; nothing of them is run."""

from __future__ import annotations

import json
import re
import zlib

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from briefing_town import make_town, write
from gridbeacon.cli.inputs import of_options, of_plan_file
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers import basemap as basemaps
from gridbeacon.layers.basemap import Basemap, BasemapFiles, fitted, read_basemap, tile_host
from gridbeacon.layers.briefing.compare import write_comparison
from gridbeacon.pipeline import run
from gridbeacon.pipeline.basemap import open_basemap
from gridbeacon.pipeline.plan import Plan
from pyproj import CRS
from visits import Visit

TOWN = (500_000.0, 3_300_000.0, 512_000.0, 3_312_000.0)
TILES = "https://t0.tianditu.gov.cn/vec_w/wmts?LAYER=vec&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=key"


def across(y):
    return shapely.LineString([(490_000, 3_300_000 + y), (520_000, 3_300_000 + y)])


@pytest.fixture
def layers(tmp_path):
    """roads (with a class, and a name that is a script), 水系 (two discs that overlap), 区界 (a square)."""
    file = tmp_path / "base.gpkg"
    names = ["<img src=x onerror=window.hit=1>", "x"]
    roads = {"fclass": ["primary", "residential"], "name": names, "geometry": [across(3000), across(9000)]}
    gpd.GeoDataFrame(roads, crs=32650).to_file(file, layer="roads")
    discs = [shapely.Point(x, 3_305_000).buffer(900) for x in (505_000, 505_900)]
    gpd.GeoDataFrame({"k": [1, 2], "geometry": discs}, crs=32650).to_file(file, layer="水系")
    square = [shapely.box(501_000, 3_301_000, 504_000, 3_304_000)]
    gpd.GeoDataFrame({"k": [1], "geometry": square}, crs=32650).to_crs(4326).to_file(tmp_path / "区界.geojson")
    return [f"{file}|roads", f"{file}|水系", str(tmp_path / "区界.geojson")]


@pytest.fixture
def picture(tmp_path):
    """A PNG with its world file: red in the west, blue in the east; 20 m a pixel over the town, and text inside."""
    pixels = np.zeros((3, 600, 600), np.uint8)
    pixels[0, :, :300], pixels[2, :, 300:] = 200, 200
    file = tmp_path / "city.png"
    with rasterio.open(file, "w", driver="PNG", width=600, height=600, count=3, dtype="uint8") as new:
        new.write(pixels)
    text = b"tEXtComment\0canary-in-the-picture"
    told = (len(text) - 4).to_bytes(4, "big") + text + zlib.crc32(text).to_bytes(4, "big")
    plain = file.read_bytes()
    file.write_bytes(plain[:33] + told + plain[33:])  # after the header of 8 + 25 bytes
    (tmp_path / "city.png.aux.xml").unlink(missing_ok=True)
    (tmp_path / "city.pgw").write_text("20\n0\n0\n-20\n500010\n3311990\n")
    return file


def town_bounds():
    return tuple(map(float, make_town().to_crs(3857).total_bounds))


def test_kinds_come_from_names_and_classes_and_attributes_stay_outside(layers):
    found = read_basemap(layers).shapes
    assert {kind: len(own) for kind, own in found.items()} == {"water": 1, "major": 1, "line": 1, "edge": 1}
    assert shapely.area(found["water"]).sum() == pytest.approx(4.094e6 / np.cos(np.radians(29.8)) ** 2, rel=0.02)


@pytest.mark.parametrize(
    ("name", "column", "value", "wet"),
    [("river", "k", "", True), ("西湖", "k", "", True), ("海河街道", "k", "", False), ("a", "fclass", "water", True),
     ("a", "name", "湖滨社区 water", False), ("a", "类型", "水系", True), ("waterloo", "k", "", False)],
)  # fmt: skip
def test_only_what_says_so_is_water(tmp_path, name, column, value, wet):
    table = gpd.GeoDataFrame({column: [value], "geometry": [shapely.box(0, 0, 9, 9)]}, crs=32650)
    table.to_file(tmp_path / f"{name}.geojson")
    assert ("water" in read_basemap([tmp_path / f"{name}.geojson"]).shapes) is wet


def test_what_cannot_be_read_is_told(tmp_path, layers):
    for absent in ("no.gpkg", "no.gpkg|roads", "no.png"):
        with pytest.raises(InputError, match="no such file"):
            read_basemap([tmp_path / absent])
    with pytest.raises(InputError, match="2 layers"):
        read_basemap([layers[0].split("|")[0]])
    points = gpd.GeoDataFrame({"geometry": [shapely.Point(1, 1)]}, crs=32650)
    points.to_file(tmp_path / "points.gpkg")
    with pytest.raises(InputError, match="neither lines nor areas"):
        read_basemap([tmp_path / "points.gpkg"])
    gpd.GeoDataFrame({"geometry": [across(0)]}).to_file(tmp_path / "nowhere.shp")
    with pytest.raises(InputError):
        read_basemap([tmp_path / "nowhere.shp"])
    assert read_basemap([tmp_path / "nowhere.shp"], crs="EPSG:32650").shapes["line"]


def test_it_is_cut_to_the_city_and_a_margin(layers):
    own, told = fitted(read_basemap(layers), town_bounds())
    west, _, east, _ = shapely.total_bounds(np.concatenate(list(own.shapes.values())))
    left, bottom, right, top = town_bounds()
    margin = basemaps.MARGIN * max(right - left, top - bottom)
    assert west == pytest.approx(left - margin) and east == pytest.approx(right + margin)
    assert told == []


def test_a_dense_layer_is_thinned_to_the_budget_and_told(monkeypatch):
    rng = np.random.default_rng(3)
    west, south, east, north = town_bounds()
    walks = [
        np.cumsum(rng.normal(0, 40, (400, 2)), axis=0) + rng.uniform((west, south), (east, north)) for _ in range(60)
    ]
    dense = Basemap({"line": np.array([shapely.LineString(walk) for walk in walks])})
    whole, told = fitted(dense, town_bounds())
    assert told == []
    monkeypatch.setattr(basemaps, "MOST_VERTICES", 3000)
    thin, told = fitted(dense, town_bounds())
    assert basemaps._vertices(thin.shapes) <= 3000 < basemaps._vertices(whole.shapes)
    assert [notice.code for notice in told] == ["N-MAP-001"]


def test_a_layer_of_another_place_is_told(layers):
    far = tuple(value + 3e6 for value in town_bounds())
    own, told = fitted(read_basemap(layers), far)
    assert own.shapes == {} and [notice.code for notice in told] == ["N-MAP-002"]


def test_a_picture_needs_a_world_file_and_a_system(tmp_path, picture):
    with pytest.raises(InputError, match="coordinate system"):
        read_basemap([picture])
    by_option = read_basemap([picture], crs="EPSG:32650").picture
    (tmp_path / "city.prj").write_text(CRS.from_epsg(32650).to_wkt("WKT1_ESRI"))
    assert read_basemap([picture]).picture == by_option
    corners = gpd.GeoSeries([shapely.box(*TOWN)], crs=32650).to_crs(3857).total_bounds
    np.testing.assert_allclose(by_option.box, corners, atol=60)  # a pixel is 20 m, and Mercator turns the town a little
    with pytest.raises(InputError, match="more than one"):
        read_basemap([picture, picture])
    (tmp_path / "city.pgw").unlink()
    with pytest.raises(InputError, match="where on earth"):
        read_basemap([picture])


def chunks(png):
    at, found = 8, []
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        assert zlib.crc32(png[at + 4 : at + 8 + size]) == int.from_bytes(png[at + 8 + size : at + 12 + size], "big")
        found.append(kind)
        at += size + 12
    return found


def test_only_pixels_of_a_picture_enter_the_page(tmp_path, picture):
    assert b"canary-in-the-picture" in picture.read_bytes()
    own = read_basemap([picture], crs="EPSG:32650").picture.png
    assert set(chunks(own)) <= {b"IHDR", b"IDAT", b"IEND"} and b"canary" not in own
    (tmp_path / "not.png").write_bytes(b"<script>window.hit=1</script>" + picture.read_bytes())
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:200])
    (tmp_path / "cut.pgw").write_text((tmp_path / "city.pgw").read_text())
    huge = bytearray(picture.read_bytes())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    (tmp_path / "huge.png").write_bytes(huge)
    for name in ("not.png", "cut.png", "huge.png"):
        with pytest.raises(InputError):
            read_basemap([tmp_path / name], crs="EPSG:32650")


def test_a_picture_that_is_too_large_is_drawn_smaller(tmp_path, picture, monkeypatch):
    noise = np.random.default_rng(1).integers(0, 255, (3, 600, 600), dtype=np.uint8)
    size = {"width": 600, "height": 600, "count": 3, "dtype": "uint8"}
    with rasterio.open(tmp_path / "noise.png", "w", driver="PNG", **size) as new:
        new.write(noise)
    (tmp_path / "noise.pgw").write_text((tmp_path / "city.pgw").read_text())
    monkeypatch.setattr(basemaps, "MOST_PNG", 300_000)
    assert 100_000 < len(read_basemap([tmp_path / "noise.png"], crs="EPSG:32650").picture.png) <= 300_000


HOSTILE_TILES = (
    "http://a.example/{z}/{x}/{y}", "//a.example/{z}/{x}/{y}", "javascript:alert(1)//{x}{y}{z}", "data:{x}{y}{z}",
    "https://a.example/{z}/{x}", "https://a.example/{z}/{x}/{y}/{x}", "https://a.example/{z}/{x}/{y}{s}",
    "https://a.example/{z}/{x}/{y}'", 'https://a.example/{z}/{x}/{y}"', "https://a.example/{z}/{x}/{y} https://evil.example",
    "https://a.example/{z}/{x}/{y}\nx", "https://a.example; script-src */{z}/{x}/{y}", "https://u:p@a.example/{z}/{x}/{y}",
    "https://{x}.example/{y}/{z}", "https://a..example/{z}/{x}/{y}", "https://-a.example/{z}/{x}/{y}",
    "https://a.example/{z}/{x}/{y}<script>", "https://*.example/{z}/{x}/{y}", "https://例.example/{z}/{x}/{y}",
    "https://a.example/{z}/{x}/{y}{", "https://a.example/{z}/{x}/{y}" + "a" * 500, "https:///{z}/{x}/{y}", "https://a.example,b/{x}{y}{z}",
)  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE_TILES)
def test_a_hostile_tile_address_is_refused(url):
    with pytest.raises(InputError, match="tiles"):
        open_basemap(None, Plan(tiles=url))


def test_a_hostile_tile_address_is_refused_where_the_page_is_made_too(tmp_path):
    with pytest.raises(InputError, match="tiles"):
        write(tmp_path / "a.html", basemap=Basemap(tiles="https://a.example; script-src */{z}/{x}/{y}"))


def policy(path):
    return re.search(r'Content-Security-Policy" content="([^"]*)"', path.read_text(encoding="utf-8"))[1]


def test_tiles_open_the_policy_for_their_one_host_and_without_them_nothing_changes(tmp_path):
    assert tile_host(TILES) == "t0.tianditu.gov.cn"
    without, empty = write(tmp_path / "a.html"), write(tmp_path / "b.html", basemap=Basemap())
    assert without.read_bytes() == empty.read_bytes() and "img-src data:;" in policy(without)
    assert "GB.readGround" not in without.read_text(encoding="utf-8")
    on = write(tmp_path / "c.html", basemap=Basemap(tiles=TILES))
    assert "img-src data: https://t0.tianditu.gov.cn;" in policy(on)
    assert policy(on).count("https://") == 1


def test_a_comparison_asks_no_host_whatever_its_files_name(tmp_path):
    on = write(tmp_path / "c.html", basemap=Basemap(tiles=TILES))
    write_comparison(tmp_path / "both.html", on, on)
    assert "tianditu" not in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_equal_layers_give_equal_bytes(tmp_path, layers, picture):
    pages = []
    for name in "ab":
        own, _ = fitted(read_basemap([*layers, picture], crs="EPSG:32650", credit="图"), town_bounds())
        pages.append(write(tmp_path / f"{name}.html", basemap=own).read_bytes())
    assert pages[0] == pages[1] and b"onerror=window.hit" not in pages[0]


def test_a_plan_file_names_layers_beside_it(tmp_path):
    (tmp_path / "plan.toml").write_text(
        '[inputs]\nincidents = "a.csv"\nbasemap = ["base.gpkg|roads", "c.png"]\nbasemap_crs = "EPSG:4490"\n', "utf-8"
    )
    asked = of_plan_file(tmp_path / "plan.toml")
    assert asked.beneath() == BasemapFiles((f"{tmp_path}/base.gpkg|roads", f"{tmp_path}/c.png"), "EPSG:4490")
    (tmp_path / "plan.toml").write_text('[inputs]\nbasemap = "c.png"\n', "utf-8")
    assert of_plan_file(tmp_path / "plan.toml").beneath().files == (f"{tmp_path}/c.png",)
    assert of_options({}).beneath() is None


@pytest.mark.slow
def test_a_run_draws_it_records_it_and_keeps_it_from_the_public(tmp_path):
    incidents, cells = make_tiny_city(tmp_path)
    west, south, east, north = gpd.read_file(cells).total_bounds
    road = gpd.GeoDataFrame({"geometry": [shapely.LineString([(west, south), (east, north)])]}, crs=4326)
    road.to_file(tmp_path / "road.gpkg")
    files = BasemapFiles((str(tmp_path / "road.gpkg"),))
    places = {"out": tmp_path / "run", "public": tmp_path / "public"}
    run(Plan(tiles=TILES), [incidents], cells, basemap=files, **places)
    assert "t0.tianditu.gov.cn" in policy(tmp_path / "run" / "briefing.html")
    assert "road.gpkg" in json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))["inputs"]
    public = (tmp_path / "public" / "briefing.html").read_text(encoding="utf-8")
    assert "tianditu" not in public and "GB.readGround" not in public


def test_what_lies_beside_a_picture_is_among_the_inputs(picture):
    assert BasemapFiles((str(picture), "a.gpkg|roads")).read() == [
        str(picture), "a.gpkg|roads", str(picture.with_suffix(".pgw"))
    ]  # fmt: skip


PIXELS = """() => {
  const c = GB.cellCanvas._container, copy = document.createElement("canvas");
  copy.width = c.width; copy.height = c.height;
  const ctx = copy.getContext("2d", { willReadFrequently: true });
  ctx.drawImage(c, 0, 0);
  const all = ctx.getImageData(0, 0, c.width, c.height).data;
  let sum = 0;
  for (let i = 0; i < all.length; i += 4) sum = (sum * 31 + all[i] + 7 * all[i + 1] + 13 * all[i + 2]) % 1000000007;
  return sum;
}"""


@pytest.mark.chromium
@pytest.mark.parametrize("with_picture", [False, True])
def test_it_is_drawn_and_taken_away(browser, tmp_path, layers, picture, with_picture):
    files = [*layers, *([picture] if with_picture else [])]
    own, _ = fitted(read_basemap(files, crs="EPSG:32650", credit="审图号<b>1</b>"), town_bounds())
    visit = Visit(browser, write(tmp_path / "a.html", basemap=own))
    page = visit.page
    page.wait_for_timeout(200)
    assert visit.text(".credit") == "审图号<b>1</b>"
    for theme in ("dark", "light"):
        shown = page.evaluate(PIXELS)
        page.click("#overlays button:has-text('底图')")
        assert page.evaluate(PIXELS) != shown
        page.click("#overlays button:has-text('底图')")
        assert page.evaluate(PIXELS) == shown
        if theme == "dark":
            page.click("#theme")
    page.evaluate("GB.print(true)")
    assert page.evaluate("document.querySelectorAll('svg.paper image').length") == int(with_picture)
    page.evaluate("GB.print(false)")
    visit.calm()


@pytest.mark.chromium
def test_tiles_are_asked_of_their_host_alone(browser, tmp_path):
    path = write(tmp_path / "a.html", basemap=Basemap(tiles=TILES))
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    asked, trouble = [], []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".leaflet-tile", state="attached")
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts == {"t0.tianditu.gov.cn"} and trouble == []
    page.click("#overlays button:has-text('底图')")
    assert page.query_selector(".leaflet-tile") is None
    page.close()
