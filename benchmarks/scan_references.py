"""The published clusters of the scan statistic, found again: New Mexico, New York, Pennsylvania, Scotland, NYC.

    python benchmarks/scan_references.py --data FOLDER

FOLDER holds `ny_leukemia`, `pa_lung_cancer`, `scotland_lip`, `nm_brain_cancer` and `rsatscan_other` (see docs/scan.md
for what is in them). Prints one line per cluster: our statistic beside the printed one, whether the members are the
same, and both p.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from gridbeacon.models.scan import (
    BernoulliNull,
    ExpectationNull,
    PermutationNull,
    PoissonNull,
    ScanResult,
    Sites,
    circles,
    connected_sets,
    ellipses,
    scan,
    spans,
    standardised_expectation,
)
from scipy import sparse

ONE = spans(1, 1)
YEARS = np.arange(1973, 1992)


@dataclass(frozen=True)
class Printed:
    """A cluster as the other program prints it: statistic, cases, expected, members, and p or NaN."""

    llr: float
    cases: float
    expected: float
    members: str
    p: float = float("nan")

    @property
    def names(self) -> list[str]:
        return sorted(self.members.split())

    @property
    def rounding(self) -> float:
        """Half a unit of the last printed digit, as text shows it."""
        return 0.5 * 10.0 ** -len(f"{self.llr!r}".partition(".")[2])


@dataclass(frozen=True)
class Reference:
    """One run of another program, and ours on the same data; *places* names the cells."""

    name: str
    program: str
    result: ScanResult
    places: Sequence[str]
    printed: Sequence[Printed]

    def members(self, number: int) -> list[str]:
        """Names of the members of one of our clusters."""
        return sorted(str(self.places[cell]) for cell in self.result.clusters[number].cells)

    def match(self, cluster: Printed) -> int | None:
        """Which of our clusters has the printed one's members."""
        found = (n for n in range(len(self.result.clusters)) if self.members(n) == cluster.names)
        return next(found, None)


def references(data: Path, n_replicates: int = 999) -> Iterator[Reference]:
    """Every run, one after the other."""
    yield from new_york(data / "ny_leukemia" / "satscan_flexscan_runs", n_replicates)
    yield from pennsylvania(data / "pa_lung_cancer", n_replicates)
    yield scotland(data / "scotland_lip", n_replicates)
    yield new_mexico_expectation(data / "nm_brain_cancer", n_replicates)
    yield new_mexico_poisson(data / "nm_brain_cancer", n_replicates)
    yield new_york_city_fever(data / "rsatscan_other", n_replicates)


NY_CIRCLES = [
    Printed(
        14.083511,
        100,
        58.28,
        "52 50 37 49 38 48 53 39 15 47 51 1 40 44 16 2 55 36 14 43 13 45 3 35 17 11 12 46",
        0.00015,
    ),
    Printed(9.019716, 38, 17.79, "89 88 87 84 90 86 92 85", 0.016),
    Printed(
        6.114140,
        64,
        40.85,
        "112 113 115 111 116 219 117 123 218 114 122 110 124 220 118 133 121 125 216 120 134 217 126 139 215 132 141 "
        "140 127 142 138 131 119",
        0.248,
    ),
    Printed(4.651839, 25, 12.82, "62 64 67 65", 0.645),
    Printed(3.363518, 12, 5.14, "266 281 267 265", 0.965),
    Printed(3.209485, 11, 4.61, "166 159 167", 0.982),
]
NY_TENTH = [
    Printed(11.577255, 85, 49.71, "49 48 50 47 1 15 51 2 13 14 3 35 16 52 36 37 12 11 5 17 10 4 6 38 18 9", 0.0010),
    Printed(9.019716, 38, 17.79, NY_CIRCLES[1].members, 0.013),
    Printed(6.114140, 64, 40.85, NY_CIRCLES[2].members, 0.216),
    Printed(4.651839, 25, 12.82, NY_CIRCLES[3].members, 0.609),
    Printed(4.169203, 28, 15.54, "46 45 41 54 44 43 53", 0.755),
    Printed(3.363518, 12, 5.14, NY_CIRCLES[4].members, 0.961),
    Printed(3.209485, 11, 4.61, NY_CIRCLES[5].members, 0.976),
]
NY_SPHERE = [
    Printed(
        14.780276,
        106,
        62.13,
        "52 50 53 38 49 48 15 39 37 1 16 44 47 40 14 2 51 13 43 45 17 55 11 3 12 46 36 35 54 10 5",
        0.000087,
    ),
    Printed(8.287056, 42, 21.24, "88 87 92 86 89 91 93 85 90", 0.033),
    Printed(7.199672, 44, 23.83, "113 117 116 112 220 118 115 123 124 111 114 125 219 122 126 119", 0.105),
    Printed(4.651839, 25, 12.82, "62 64 67 65", 0.653),
    Printed(3.773422, 10, 3.65, "132 138 121 131 139 120", 0.901),
    Printed(3.209485, 11, 4.61, "166 159 167", 0.982),
]
NY_STRONG = [
    Printed(
        15.504490,
        114,
        65.18,
        "52 53 50 38 15 49 16 44 1 48 14 39 13 2 45 17 37 43 11 47 46 12 40 54 3 10 51 5 18 9 41 35",
        0.000083,
    ),
    Printed(9.019716, 38, 17.79, NY_CIRCLES[1].members, 0.030),
    Printed(
        7.388071,
        57,
        32.25,
        "113 116 117 220 115 123 112 114 122 124 118 111 121 133 125 120 132 110 218 134 119 219 139 126 131 138",
        0.147,
    ),
    Printed(4.651839, 25, 12.82, NY_CIRCLES[3].members, 0.803),
    Printed(3.938613, 17, 6.37, "170 171 166 167", 0.945),
    Printed(3.667327, 11, 4.21, "266 281 265", 0.980),
    Printed(3.436309, 19, 8.13, "106 103 102 77 230", 0.992),
]
NY_STRONG_TENTH = [
    Printed(14.181797, 93, 52.03, "52 50 53 38 49 15 48 39 1 37 16 44 14 47 40 2 13 43 51 45 17 11 12 3 46", 0.00016),
    *(replace(one, p=p) for one, p in zip(NY_STRONG[1:], (0.023, 0.121, 0.768, 0.931, 0.974, 0.990), strict=True)),
]
NY_MEDIUM_TENTH = [
    Printed(14.474236, 93, 52.03, NY_STRONG_TENTH[0].members, 0.00019),
    Printed(9.296518, 37, 16.44, "87 88 86 89 92 85 90", 0.024),
    Printed(
        8.095512,
        57,
        31.03,
        "115 116 114 111 117 113 123 120 110 122 112 118 121 124 220 133 131 119 130 125 132 219 126 127 135",
        0.080,
    ),
    Printed(4.923266, 17, 6.37, "170 171 166 167", 0.768),
]
NY_FREE_TENTH = [
    Printed(15.416469, 96, 53.59, "46 53 45 41 44 38 52 43 54 39 50 15 40 49 16 14 1 48 37 13 17 11 2 12 47", 0.00046),
    Printed(11.061167, 55, 27.78, "84 86 87 251 92 85 259 88 89 103 261 281 266 280 265 102", 0.013),
    Printed(
        9.562963,
        55,
        29.32,
        "117 123 116 118 122 114 115 124 121 113 120 119 133 125 131 132 111 220 127 126 130 135",
        0.062,
    ),
    Printed(6.154083, 17, 6.37, "170 171 166 167", 0.640),
]
NY_SETS = [
    Printed(11.6713, 39, 16.40, "85 86 88 89 90 92 93", 0.006),
    Printed(8.62939, 31, 13.45, "1 2 13 15 47 49 51", 0.082),
    Printed(8.14694, 29, 12.51, "117 118 119 124 125 126 220", 0.115),
    Printed(7.629, 28, 12.25, "38 43 44 46 53 54", 0.154),
    Printed(6.15408, 17, 6.37, "166 167 170 171", 0.446),
    Printed(4.65184, 25, 12.82, "62 64 65 67", 0.877),
    Printed(4.61008, 18, 8.06, "120 130 131 135 146 208 210", 0.887),
    Printed(3.82013, 11, 4.21, "265 266 281", 0.98),
    Printed(3.00674, 11, 4.76, "102 103 106", 1.0),
]
NY_SETS_BINOMIAL = [
    Printed(11.6797, 39, 16.40, NY_SETS[0].members, 0.006),
    Printed(8.63552, 31, 13.45, NY_SETS[1].members, 0.082),
    Printed(8.15275, 29, 12.51, NY_SETS[2].members, 0.115),
    Printed(7.63441, 28, 12.25, NY_SETS[3].members, 0.154),
    Printed(6.15876, 17, 6.37, NY_SETS[4].members, 0.446),
    Printed(4.65493, 25, 12.82, NY_SETS[5].members, 0.877),
    Printed(4.61332, 18, 8.06, NY_SETS[6].members, 0.887),
    Printed(3.82302, 11, 4.21, NY_SETS[7].members, 0.98),
    Printed(3.00889, 11, 4.76, NY_SETS[8].members, 1.0),
]
NY_SETS_OF_FIVE = [
    Printed(8.34958, 24, 9.24, "86 88 89 92", 0.028),
    Printed(6.2698, 23, 10.03, "1 2 13 15 49", 0.168),
    Printed(6.05437, 21, 8.91, "37 38 40 43", 0.194),
    Printed(4.65184, 25, 12.82, "62 64 65 67", 0.59),
    Printed(4.10576, 14, 5.87, "117 123 124 125", 0.784),
    Printed(3.88929, 9, 3.02, "166 167", 0.839),
    Printed(3.82013, 11, 4.21, "265 266 281", 0.858),
    Printed(3.69923, 15, 6.82, "46 53 54", 0.904),
]


def new_york(folder: Path, n_replicates: int) -> Iterator[Reference]:
    """Leukemia in 281 tracts, whole cases: circles in the plane and on the sphere, ellipses, connected sets."""
    latitude_longitude = np.loadtxt(folder / "satscan_ny_coords.txt")[:, 1:]
    cases = np.loadtxt(folder / "satscan_ny_cases.txt")[:, 1]
    people = np.loadtxt(folder / "satscan_ny_pop.txt")[:, 2]
    places = [str(number) for number in range(1, 282)]
    plane = Sites.of(latitude_longitude)  # the program was told that degrees are a plane
    sphere = Sites.of(latitude_longitude[:, ::-1], great_circle=True)
    links = _links(folder / "flexscan_ny_w.txt", len(places))
    at_risk = plane.gather(people)
    runs = [
        ("circles", "SaTScan 9.6", plane, circles(plane, at_risk), NY_CIRCLES),
        ("circles, at most 10 %", "SaTScan 9.6", plane, circles(plane, at_risk, max_share=0.1), NY_TENTH),
        ("circles, longitude and latitude", "SaTScan 9.3.1", sphere, circles(sphere, sphere.gather(people)), NY_SPHERE),
    ]
    for words, penalty, share, printed in (
        ("strong penalty", 1.0, 0.5, NY_STRONG),
        ("strong penalty, at most 10 %", 1.0, 0.1, NY_STRONG_TENTH),
        ("medium penalty, at most 10 %", 0.5, 0.1, NY_MEDIUM_TENTH),
        ("no penalty, at most 10 %", 0.0, 0.1, NY_FREE_TENTH),
    ):
        zones = ellipses(plane, at_risk, max_share=share, penalty=penalty)
        runs.append((f"ellipses, {words}", "SaTScan 9.6", plane, zones, printed))
    sets = connected_sets(plane, plane.linked(links), max_sites=10)
    runs.append(("connected sets of 10", "FleXScan 3.1.2", plane, sets, NY_SETS))
    five = connected_sets(sphere, sphere.linked(links), max_sites=5)
    runs.append(("connected sets of 5", "FleXScan", sphere, five, NY_SETS_OF_FIVE))
    for what, program, sites, zones, printed in runs:
        counts, risk = sites.gather(cases)[None], sites.gather(people)[None]
        found = scan(counts, PoissonNull.of(counts, risk), sites, zones, ONE, n_replicates=n_replicates)
        yield Reference(f"NY leukemia, {what}", program, found, places, printed)
    counts = plane.gather(cases)[None]
    found = scan(counts, BernoulliNull.of(counts, at_risk[None]), plane, sets, ONE, n_replicates=n_replicates)
    yield Reference("NY leukemia, binomial, sets of 10", "FleXScan 3.1.2", found, places, NY_SETS_BINOMIAL)


def _links(path: Path, n: int) -> sparse.csr_array:
    """Which tracts touch, from lines of a tract's number and those of its neighbours."""
    lines = [[int(word) - 1 for word in line.split()] for line in path.read_text(encoding="ascii").splitlines()]
    row, column = np.array([(line[0], other) for line in lines if line for other in line[1:]]).T
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(n, n))


PA_WEST = "63 30 2 4 26 65 10"
PA_POISSON = [
    Printed(17.66288, 1900, 1673.649, "23 51", 0.001),
    Printed(7.098944, 2359, 2200.961, PA_WEST, 0.035),
]
PA_BINOMIAL = [Printed(36.57051, 2359, 2008.223, PA_WEST, 0.001), Printed(9.657779, 1900, 1731.222, "23 51", 0.005)]


def pennsylvania(folder: Path, n_replicates: int) -> Iterator[Reference]:
    """Lung cancer in 67 counties: standardised for 16 strata of race, sex and age, and crude."""
    county, strata = pd.read_csv(folder / "pennLC_county.csv"), pd.read_csv(folder / "pennLC_strata.csv")
    stratum = strata.groupby(["race", "gender", "age"]).ngroup().to_numpy()
    place = pd.Index(county["county"]).get_indexer(strata["county"])
    table = np.zeros((2, stratum.max() + 1, len(county)))
    np.add.at(table, (0, stratum, place), strata["cases"])
    np.add.at(table, (1, stratum, place), strata["population"])
    sites = Sites.of(county[["x_km", "y_km"]].to_numpy())
    counts, people = sites.gather(table[0].sum(axis=0))[None], sites.gather(county["population"])[None]
    expected = sites.gather(standardised_expectation(*table))[None]
    zones, places = circles(sites, people[0]), [str(n) for n in range(1, 68)]
    adjusted = scan(counts, PoissonNull.of(counts, expected), sites, zones, ONE, n_replicates=n_replicates)
    yield Reference("PA lung cancer, Poisson, 16 strata", "SpatialEpi 1.2.8", adjusted, places, PA_POISSON)
    crude = scan(counts, BernoulliNull.of(counts, people), sites, zones, ONE, n_replicates=n_replicates)
    yield Reference("PA lung cancer, binomial", "SpatialEpi 1.2.8", crude, places, PA_BINOMIAL)


def scotland(folder: Path, n_replicates: int) -> Reference:
    """Lip cancer in 56 districts; the other program does not scale the expectation (536.2) to the cases (536)."""
    table = pd.read_csv(folder / "scotland.csv")
    sites = Sites.of(table[["x", "y"]].to_numpy())
    counts, expected = sites.gather(table["cases"])[None], sites.gather(table["expected"])[None]
    found = scan(
        counts, PoissonNull.of(counts, expected), sites, circles(sites, expected[0]), ONE, n_replicates=n_replicates
    )
    printed = [Printed(98.9511, 175, 55.0, "12 3 5 13 19 7 6 17 11 1 2 10 9 16", 0.001)]
    return Reference("Scotland lip cancer", "SpatialEpi 1.2.8", found, [str(n) for n in range(1, 57)], printed)


def new_mexico_expectation(folder: Path, n_replicates: int) -> Reference:
    """Brain cancer 1986-89 against a Poisson regression of the years before, 15 nearest county seats."""
    table, seats = pd.read_csv(folder / "NM_popcas.csv"), pd.read_csv(folder / "NM_geo.csv")
    seats = seats[seats["county"] != "cibola"]
    before = table[table["year"] < 1986]
    level, trend = _poisson_trend(before["count"], before["population"], before["year"] - 1985)
    recent = table[table["year"].between(1986, 1989)]
    expected = recent["population"] * np.exp(level + trend * (recent["year"] - 1985))
    wide = recent.assign(expected=expected).pivot(index="year", columns="county")
    sites = Sites.of(seats[["seat_long", "seat_lat"]].to_numpy(), great_circle=True)
    counts = sites.gather(wide["count"][seats["county"]].to_numpy())
    known = sites.gather(wide["expected"][seats["county"]].to_numpy())
    zones = circles(sites, np.ones(len(sites)), max_share=1.0, max_sites=15)
    found = scan(counts, ExpectationNull.of(counts, known), sites, zones, spans(4, 4), n_replicates=n_replicates)
    printed = [Printed(float("nan"), float("nan"), float("nan"), "15 26", 0.005)]
    return Reference(
        "NM brain cancer, expectation-based", "scanstatistics", found, [str(n) for n in range(1, 33)], printed
    )


def _poisson_trend(counts: pd.Series, people: pd.Series, year: pd.Series) -> tuple[float, float]:
    """Level and slope of log-rate on year, by Newton's method."""
    design = np.column_stack([np.ones(len(year)), year])
    beta = np.array([np.log(counts.sum() / people.sum()), 0.0])
    for _ in range(30):
        mean = people.to_numpy() * np.exp(design @ beta)
        beta = beta + np.linalg.solve(design.T * mean @ design, design.T @ (counts.to_numpy() - mean))
    return float(beta[0]), float(beta[1])


def new_mexico_poisson(folder: Path, n_replicates: int) -> Reference:
    """Brain cancer 1973-91, standardised for age and sex, all windows of at most nine years and half the people."""
    counts, expected, people, geography = new_mexico_tables(folder)
    sites = Sites.of(geography[["lat", "long"]].to_numpy())
    windows = spans(len(YEARS), 9, prospective=False)
    cases, known = sites.gather(counts), sites.gather(expected)
    zones = circles(sites, sites.gather(people.sum(axis=0)))
    found = scan(cases, PoissonNull.of(cases, known), sites, zones, windows, n_replicates=n_replicates)
    return Reference("NM brain cancer, Poisson, age x sex", "none", found, list(geography["county"]), [])


def new_mexico_tables(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """(19 years, 32 counties) cases, expectation and people, the last interpolated between 1973, 1982 and 1991."""
    cases, census = pd.read_csv(folder / "NMcas.csv"), pd.read_csv(folder / "NMpop.csv")
    geography = pd.read_csv(folder / "NMgeo.csv")
    county = pd.Index(geography["county"])
    known = np.zeros((36, 3, 32))
    year = (census["year"].to_numpy() - 73) // 9
    np.add.at(known, (_stratum(census), year, county.get_indexer(census["county"])), census["population"])
    first = np.minimum((YEARS - 1973) // 9, 1)
    part = ((YEARS - 1973) / 9 - first)[:, None]
    people = known[:, first] * (1 - part) + known[:, first + 1] * part
    counts = np.zeros((36, len(YEARS), 32))
    where = (_stratum(cases), cases["year"].to_numpy() - 1973, county.get_indexer(cases["county"]))
    np.add.at(counts, where, cases["cases"])
    return counts.sum(axis=0), standardised_expectation(counts, people), people.sum(axis=0), geography


def _stratum(table: pd.DataFrame) -> np.ndarray:
    return ((table["agegroup"] - 1) * 2 + table["sex"] - 1).to_numpy()


def new_york_city_fever(folder: Path, n_replicates: int) -> Reference:
    """Fever in 24 days of 2001, prospective permutation, at most 3 km and 7 days, zip codes on the sphere."""
    cases, geography = pd.read_csv(folder / "NYCfevercas.csv"), pd.read_csv(folder / "NYCfevergeo.csv")
    day = pd.to_datetime(cases["date"], format="%Y/%m/%d")
    counts = np.zeros((24, len(geography)))
    place = pd.Index(geography["zip"]).get_indexer(cases["zip"])
    np.add.at(counts, ((day - pd.Timestamp("2001-11-01")).dt.days.to_numpy(), place), cases["cases"])
    sites = Sites.of(geography[["long", "lat"]].to_numpy(), great_circle=True)
    counts = sites.gather(counts)
    zones = circles(sites, counts.sum(axis=0), max_radius=3000.0)
    found = scan(counts, PermutationNull.of(counts), sites, zones, spans(24, 7), n_replicates=n_replicates)
    names = [str(code) for code in geography["zip"]]
    printed = [Printed(3.845418, 4, 0.67, "11375 11415 11416 11417 11418 11419 11421 11435 11451")]
    return Reference("NYC fever, permutation", "a replica", found, names, printed)


HEAD = ("data", "members", "cases", "expected", "statistic", "printed", "p", "Gumbel p", "printed p", "program")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    parser.add_argument("--replicates", type=int, default=999, help="Monte Carlo replicates")
    chosen = parser.parse_args()
    print(_row(HEAD), _row("---" for _ in HEAD), sep="\n")
    for reference in references(chosen.data, chosen.replicates):
        for printed in reference.printed:
            print(_row(_cells(reference, printed, reference.match(printed))))
        if not reference.printed:
            print(_row(_cells(reference, None, 0)))


def _cells(reference: Reference, printed: Printed | None, place: int | None) -> list[str]:
    if place is None:
        return [reference.name, "NOT FOUND", *[""] * (len(HEAD) - 2)]
    ours = reference.result.clusters[place]
    members = " ".join(reference.members(place)) if len(ours.cells) <= 9 else f"{len(ours.cells)} places"
    theirs = ["", ""]
    if printed is not None:
        theirs = ["" if np.isnan(value) else f"{value!r}" for value in (printed.llr, printed.p)]
    found = [f"{ours.observed:.0f}", f"{ours.expected:.2f}", f"{ours.llr:.6f}", theirs[0]]
    return [
        reference.name,
        members,
        *found,
        f"{ours.p_value:.3f}",
        f"{ours.gumbel_p:.2g}",
        theirs[1],
        reference.program,
    ]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
