"""Hot spots, local Moran, rates and false-discovery control beside spdep, esda, statsmodels and base R."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.grids.borders import shared_borders
from gridbeacon.layers.grids.neighbours import queen
from gridbeacon.models import hotspot, rates
from gridbeacon.models.significance import benjamini_hochberg, permutation_tails
from parity import agree
from ragged_city import ragged_city
from scipy import sparse

pytestmark = pytest.mark.parity

GOLDEN = Path(__file__).parent / "golden"
SPDEP, BASE_R = "R spdep 1.2-7", "base R 4.2.2"
LATTICE = np.array("4 1 4 3 5 1 0 5 1 2 1 2 5 5 11 15 2 1 3 6 10 14 2 0 5 1 3 5 5 3 1 4 2 4 7 4".split(), dtype=float)


def golden(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"hotspot_{name}.csv")


def links_of(table: pd.DataFrame, n: int, weight: str | None = None) -> sparse.csr_array:
    values = np.ones(len(table)) if weight is None else table[weight].to_numpy()
    return sparse.csr_array((values, (table["i"] - 1, table["j"] - 1)), shape=(n, n))


def with_self(links):
    return sparse.csr_array(links + sparse.eye_array(links.shape[0]))


def lattice_links() -> sparse.csr_array:
    row, col = np.divmod(np.arange(36), 6)
    near = (abs(row[:, None] - row) <= 1) & (abs(col[:, None] - col) <= 1) & ~np.eye(36, dtype=bool)
    return sparse.csr_array(near.astype(float))


@pytest.fixture(scope="module")
def city():
    """The invented city of tests/oracles/hotspot.R: cases, others, population, links by kind, spdep's scores."""
    table, scores = golden("city"), golden("scores")
    n = len(table)
    binary = links_of(golden("links"), n)
    return {
        "cases": table["cases"].to_numpy(float),
        "population": table["population"].to_numpy(float),
        "centres": table[["x", "y"]].to_numpy(float),
        "queen": binary,
        "row": hotspot.row_standardised(binary),
        "general": links_of(golden("links"), n, "weight"),
        "nearest": links_of(golden("nearest"), n),
        "scores": scores,
    }


@pytest.fixture(scope="module")
def st_louis(shared_data):
    folder = shared_data / "stlouis_2016_2019"
    table = pd.read_csv(folder / "reference_spdep_grid2019.csv")
    edges = pd.read_csv(folder / "reference_queen_edges.csv", dtype=str)
    place = {name: i + 1 for i, name in enumerate(table["PageName"])}
    one_way = links_of(edges.replace(place).astype({"i": int, "j": int}), len(table))
    return table, sparse.csr_array(((one_way + one_way.T) > 0).astype(float))


def test_the_lattice():
    golden_star, golden_gi = [3.482201, -0.942225, 3.590177], [3.176382, -1.044623, 3.330329]
    cells = [14, 0, 20]
    source = "spdep, esda (transform B), by hand"
    star, bare = hotspot.gi_star(LATTICE, with_self(lattice_links()))[0], hotspot.gi(LATTICE, lattice_links())[0]
    agree("Hot spots", "Gi*, 6 × 6 lattice", star[cells], golden_star, within=1e-6, source=source)
    agree("Hot spots", "Gi, 6 × 6 lattice", bare[cells], golden_gi, within=1e-6, source=source)


def test_st_louis_2019_by_cell(st_louis):
    table, links = st_louis
    star = hotspot.gi_star(table["n"], with_self(links))[0]
    agree("Hot spots", "Gi*, St Louis 2019, 1 km", star, table["Gi_star_B"], within=1e-6, source=SPDEP)
    found = [(star > 1.96).sum(), (star > 2.58).sum()]
    agree("Hot spots", "cells above 1.96 and 2.58, St Louis 2019", found, [29, 18], source=SPDEP)
    agree("Hot spots", "hottest cell, St Louis 2019", str(table["PageName"][star.argmax()]), "Q11", source=SPDEP)
    scores = hotspot.local_moran(table["n"], hotspot.row_standardised(links))
    for what, ours, column in (
        ("I", scores.i, "localmoran.Ii"),
        ("expectation", scores.expected, "localmoran.E.Ii"),
        ("variance", scores.variance, "localmoran.Var.Ii"),
        ("z", scores.z, "localmoran.Z.Ii"),
    ):
        agree("Local Moran", f"{what}, St Louis 2019", ours, table[column], within=1e-8, source=SPDEP)


def test_st_louis_2019_as_a_whole(st_louis):
    table, links = st_louis
    weights = hotspot.row_standardised(links)
    moran, geary = hotspot.moran_i(table["n"], weights), hotspot.geary_c(table["n"], weights)
    agree("Global autocorrelation", "Moran's I, St Louis 2019", moran.value, 0.381718338, within=1e-8, source=SPDEP)
    agree("Global autocorrelation", "z of Moran's I, St Louis 2019", moran.z, 10.219, within=5e-4, source=SPDEP)
    agree("Global autocorrelation", "Geary's C, St Louis 2019", geary.value, 0.641378459, within=1e-8, source=SPDEP)


def read_gal(path: Path, ids: list[str]) -> sparse.csr_array:
    """Neighbours of a GAL file, rows that sum to one."""
    words = path.read_text().split("\n")[1:]
    place = {name: i for i, name in enumerate(ids)}
    ends = [
        (place[head.split()[0]], place[j])
        for head, near in zip(words[::2], words[1::2], strict=False)
        for j in near.split()
    ]
    i, j = np.array(ends).T
    return hotspot.row_standardised(sparse.csr_array((np.ones(len(i)), (i, j)), shape=(len(ids),) * 2))


def test_the_maps_of_the_textbooks(shared_data):
    folder = shared_data / "reference" / "pysal_examples"
    homicides = pd.read_csv(folder / "stl" / "stl_hom.csv")
    weights = read_gal(folder / "stl" / "stl.gal", [str(i + 1) for i in range(len(homicides))])
    source = "esda's own tests"
    found = hotspot.moran_i(homicides["HR8893"], weights).value
    agree(
        "Global autocorrelation",
        "Moran's I, St Louis homicides",
        found,
        0.24365582621771659,
        within=1e-12,
        source=source,
    )
    sids = gpd.read_file(folder / "sids2" / "sids2.dbf")
    weights = read_gal(folder / "sids2" / "sids2.gal", [str(int(v)) for v in sids["FIPSNO"]])
    found = hotspot.moran_i(sids["SIDR74"], weights).value
    agree(
        "Global autocorrelation",
        "Moran's I, North Carolina SIDS",
        found,
        0.24772519320480135,
        within=1e-12,
        source=source,
    )


def test_spdep_on_an_invented_city(city):
    cases, scores = city["cases"], city["scores"]
    lines = [
        ("Gi, queen", hotspot.gi(cases, city["queen"])[0], "gi"),
        ("Gi*, queen", hotspot.gi_star(cases, with_self(city["queen"]))[0], "gi_star"),
        ("Gi, 5 nearest", hotspot.gi(cases, city["nearest"])[0], "gi_nearest"),
    ]
    for what, ours, column in lines:
        agree("Hot spots", f"{what}, invented city", ours, scores[column], within=1e-9, source=SPDEP)
    for name, links, moments in (
        ("w", city["row"], "conditional"),
        ("total", city["row"], "total"),
        ("g", city["general"], "conditional"),
        ("k", hotspot.row_standardised(city["nearest"]), "conditional"),
    ):
        told = {"w": "rows of one", "total": "total moments", "g": "general weights", "k": "5 nearest"}[name]
        found = hotspot.local_moran(cases, links, moments=moments)
        parts = {"i": "I", "e": "expectation", "var": "variance", "z": "z"}
        for part, ours in zip(parts, (found.i, found.expected, found.variance, found.z), strict=True):
            what = f"{parts[part]}, {told}, invented city"
            agree("Local Moran", what, ours, scores[f"{name}_{part}"], within=1e-9, source=SPDEP)
    words = {"High-High": "HH", "Low-High": "LH", "Low-Low": "LL", "High-Low": "HL"}
    found = hotspot.local_moran(cases, city["row"])
    ours = np.array(hotspot.QUADRANTS)[found.quadrant]
    theirs = scores["quadrant"].map(words).to_numpy(str)
    settled = abs(found.lag) > 1e-12
    agree("Local Moran", "quadrants, invented city", ours[settled], theirs[settled], source=SPDEP)
    n = len(cases)
    ours = hotspot.local_geary(cases, city["row"]) * (n - 1) / n
    agree("Local Geary", "c × (n - 1) / n, invented city", ours, scores["geary"], within=1e-9, source=SPDEP)


AS_A_WHOLE = {
    "moran": "Moran's I, randomisation",
    "moran_normality": "Moran's I, normality",
    "moran_nearest": "Moran's I, 5 nearest",
    "geary": "Geary's C, randomisation",
    "geary_normality": "Geary's C, normality",
    "join_both": "joins of two marked cells",
    "join_one": "joins of a marked and an unmarked cell",
    "join_none": "joins of two unmarked cells",
}


def test_spdep_on_an_invented_city_as_a_whole(city):
    table = golden("global").set_index("what")
    cases, near = city["cases"], hotspot.row_standardised(city["nearest"])
    joins = hotspot.join_counts(cases > np.median(cases), city["queen"])
    sign = {"geary": -1, "geary_normality": -1}  # spdep's z of Geary has the other sign
    for what, ours in (
        ("moran", hotspot.moran_i(cases, city["row"])),
        ("moran_normality", hotspot.moran_i(cases, city["row"], null="normality")),
        ("moran_nearest", hotspot.moran_i(cases, near)),
        ("geary", hotspot.geary_c(cases, city["row"])),
        ("geary_normality", hotspot.geary_c(cases, city["row"], null="normality")),
        ("join_both", joins["both"]),
        ("join_none", joins["none"]),
        ("join_one", joins["one"]),
    ):
        mine = [ours.value, ours.expected, ours.variance, sign.get(what, 1) * ours.z]
        theirs = table.loc[what, ["value", "expected", "variance", "z"]].to_numpy(float)
        agree(
            "Global autocorrelation",
            f"{AS_A_WHOLE[what]}: value, expectation, variance, z",
            mine,
            theirs,
            within=1e-9,
            source=SPDEP,
        )


@pytest.mark.parametrize(("kind", "column"), [("row", "folded"), ("queen", "gi_folded")])
def test_permutation_p_lies_within_monte_carlo_error_of_spdep_s(city, kind, column):
    """spdep: the smaller side, ties on one side only, 9,999 shuffles with other streams; ours with as many."""
    tails = permutation_tails(city["cases"], city[kind], replicates=9999)
    theirs = city["scores"][column].to_numpy(float)
    smaller = np.minimum(tails.upper, tails.lower)
    tied = tails.upper + tails.lower - 1  # what a tie rule can move
    noise = 4.5 * np.sqrt(2 * theirs.clip(1e-4) * (1 - theirs) / 9999)
    gap = np.maximum(abs(smaller - theirs) - tied - noise, 0.0)
    what = {"folded": "local Moran", "gi_folded": "Gi"}[column]
    agree("Permutation tails", f"p of {what} beyond Monte Carlo error", gap, np.zeros(len(gap)), within=0, source=SPDEP)


def test_rates(city):
    cases, population, scores = city["cases"], city["population"], city["scores"]
    for what, ours, column in (
        ("global, Marshall", rates.eb_rates(cases, population), "eb"),
        ("local, Marshall", rates.eb_local_rates(cases, population, city["queen"]), "eb_local"),
    ):
        agree("Rates", f"EB {what}", ours.rate, scores[column], within=1e-12, source=f"{SPDEP} EBest, EBlocal")
    standard = rates.eb_standardised(cases, population).rate
    found = hotspot.moran_i(standard, city["row"]).value
    theirs = golden("global")["eb_moran"][0]
    agree("Rates", "Moran's I of EB rates (Assunção-Reis)", found, theirs, within=1e-10, source=f"{SPDEP} EBImoran")
    crude = rates.crude_rates(cases, population).rate
    found = hotspot.local_moran(crude, city["row"]).i
    agree("Rates", "local Moran of crude rates", found, scores["eb_moran"], within=1e-9, source=SPDEP)


def test_two_counts():
    table = golden("pairs").replace(np.inf, 1e300)
    for name in ("low", "high", "upper.a", "lower.a"):
        found = [
            getattr(rates.compare_counts(r.a, r.b, exposure=r.t, other_exposure=r.u), name.removesuffix(".a"))
            for r in table.itertuples()
        ]
        found = np.nan_to_num(np.array(found), posinf=1e300)
        what = f"two counts: {name.removesuffix('.a')}"
        agree("Rates", what, found, table[name], within=1e-9, relative=True, source=f"{BASE_R} poisson.test")


NAMES = {"bh": "Benjamini-Hochberg", "by": "Benjamini-Yekutieli"}


def test_false_discovery_control(city):
    esda = pytest.importorskip("esda")
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = city["scores"]["p"].to_numpy(float)
    for method in ("bh", "by"):
        ours = benjamini_hochberg(p, method)
        agree(
            "False discovery",
            f"q, {NAMES[method]}",
            ours,
            city["scores"][method],
            within=1e-12,
            source=f"{BASE_R} p.adjust",
        )
        theirs = multitest.multipletests(p, method=f"fdr_{method}")[1]
        agree(
            "False discovery", f"q, {NAMES[method]}, once more", ours, theirs, within=1e-12, source="statsmodels 0.15.0"
        )
    sharp = np.concatenate([p, np.linspace(1e-5, 2e-3, 40)])
    called = (benjamini_hochberg(sharp) <= 0.05).sum()
    agree("False discovery", "called at .05", called, (sharp <= esda.fdr(sharp, 0.05)).sum(), source="esda 2.9.0 fdr")


def test_esda_side_by_side(city):
    esda = pytest.importorskip("esda")
    graph = pytest.importorskip("libpysal.graph")
    smoothing = pytest.importorskip("esda.smoothing")
    cases, people = city["cases"], city["population"]
    n, weights = len(cases), graph.Graph.from_sparse(sparse.coo_array(city["queen"]))
    source, scale = "esda 2.9.0", (n - 1) / n
    peer = esda.Moran_Local(cases, weights, permutations=0)
    found = hotspot.local_moran(cases, city["row"])
    agree("Local Moran", "I × (n - 1) / n, invented city", found.i * scale, peer.Is, within=1e-10, source=source)
    agree("Local Moran", "quadrants, once more", found.quadrant, peer.q, source=source)
    standard = rates.eb_standardised(cases, people).rate
    agree("Rates", "Assunção-Reis", standard, smoothing.assuncao_rate(cases, people), within=1e-12, source=source)
    peer = esda.Moran_Local_Rate(cases, people, weights, permutations=0)
    found = hotspot.local_moran(standard, city["row"]).i * scale
    agree("Local Moran", "I of EB rates × (n - 1) / n, invented city", found, peer.Is, within=1e-10, source=source)
    other = golden("city")["other"].to_numpy(float)
    peer = esda.Moran_Local_BV(cases, other, weights, permutations=0)
    found = hotspot.bivariate_local_moran(cases, other, city["row"]).i * scale
    agree("Local Moran", "bivariate I × (n - 1) / n, invented city", found, peer.Is, within=1e-10, source=source)
    peer = smoothing.Empirical_Bayes(cases, people).r.ravel()
    agree("Rates", "EB global", rates.eb_rates(cases, people).rate, peer, within=1e-12, source=source)
    peer = smoothing.Spatial_Empirical_Bayes(cases, people, weights.to_W()).r.ravel()
    found = rates.eb_local_rates(cases, people, city["queen"]).rate
    agree("Rates", "EB local", found, peer, within=1e-12, source=source)
    peer = esda.Geary_Local(permutations=0, connectivity=weights.transform("r")).fit(cases).localG
    agree("Local Geary", "c, invented city", hotspot.local_geary(cases, city["row"]), peer, within=1e-10, source=source)


def test_local_join_counts_agree_with_the_engine(city):
    """Exact hypergeometric tails beside conditional permutation of the marks."""
    marked = city["cases"] > np.median(city["cases"])
    exact = np.exp(hotspot.local_join_counts(marked, city["queen"])[1])[marked]
    drawn = permutation_tails(marked.astype(float), city["queen"], replicates=9999).upper[marked]
    gap = np.maximum(abs(drawn - exact) - 5 * np.sqrt(exact * (1 - exact) / 9999) - 2e-4, 0.0)
    what = "p beyond Monte Carlo error of the permutations"
    agree("Local join counts", what, gap, np.zeros(len(gap)), source="exact hypergeometric law")


def pairs_of_libpysal(shapes: gpd.GeoSeries, rook: bool) -> np.ndarray:
    graph = pytest.importorskip("libpysal.graph")
    return graph.Graph.build_contiguity(shapes, rook=rook).sparse.toarray() > 0


@pytest.mark.parametrize("rook", [False, True])
def test_neighbours_of_polygons_that_meet_vertex_by_vertex(shared_data, rook):
    cells = read_cells(f"{shared_data}/stlouis_2016_2019/polygons.gpkg|grid_1km_205")
    grid = cells.table.geometry.iloc[cells.leaves()].reset_index(drop=True)
    ragged = gpd.GeoSeries(ragged_city(300, seed=3))
    for what, shapes in (("St Louis 1-km grid", grid), ("ragged Voronoi cells", ragged)):
        drawn = shapes.to_numpy()
        ours = ((shared_borders(drawn) > 0) if rook else queen(drawn)).toarray().astype(bool)
        what = f"{'rook' if rook else 'queen'}, {what}"
        agree("Neighbours", what, ours, pairs_of_libpysal(shapes, rook), source="libpysal 4.14.1")


@pytest.mark.parametrize("rook", [False, True])
@pytest.mark.parametrize("name", ["St Louis neighbourhoods", "Tainan villages"])
def test_neighbours_of_real_polygons(shared_data, name, rook):
    """libpysal joins by equal corners; what we have beyond that is confirmed by distances, pair by pair."""
    file = {"St Louis neighbourhoods": "stlouis_2016_2019/polygons.gpkg|neighborhoods_88"}
    cells = read_cells(f"{shared_data}/{file.get(name, 'tainan1999/villages_cunli.parquet')}")
    rows = cells.leaves()
    shapes = cells.table.geometry.iloc[rows].reset_index(drop=True)
    links = (cells.borders if rook else cells.contiguity)[rows][:, rows].toarray() > 0
    peer = pairs_of_libpysal(shapes, rook)
    missing, further = (peer & ~links).sum(), np.argwhere(links & ~peer)
    what = f"{'rook' if rook else 'queen'} pairs missing, {name}"
    agree("Neighbours", what, missing, 0, source="libpysal 4.14.1")
    assert len(further) < 0.04 * links.sum()
    for i, j in further:
        assert shapes[i].distance(shapes[j]) <= 0.01
        if rook:
            assert shapes[i].boundary.intersection(shapes[j].boundary.buffer(0.02)).length > 1.0


def test_nearest_neighbours(city):
    n = len(city["cases"])
    cube = SpaceTimeCube(
        counts=city["cases"][None],
        bins=np.array(["2024-01-01"], dtype="datetime64[D]"),
        cells=np.arange(n).astype(str),
        centres=city["centres"],
        areas=np.ones(n),
        contiguity=sparse.csr_matrix((n, n)),
        parents=np.zeros(n, dtype=int),
        exposure=city["population"],
    )
    ours = hotspot.neighbour_links(cube, "knearest", k=5).toarray()
    agree("Neighbours", "5 nearest", ours, city["nearest"].toarray(), source=f"{SPDEP} knearneigh")
