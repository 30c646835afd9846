"""Published clusters of the scan statistic, found again: SaTScan, FleXScan, SpatialEpi, scanstatistics."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from gridbeacon.models.scan import poisson_llr
from parity import agree

HERE = Path(__file__).parent
TOPIC = "Scan statistics"
REPLICATES = 499


def _script():
    path = HERE.parent / "benchmarks" / "scan_references.py"
    spec = importlib.util.spec_from_file_location("scan_references", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def monte_carlo_error(p: float) -> float:
    """Four standard errors between two Monte Carlo p, of ours and of 999 replicates."""
    spread = max(p * (1 - p), 1e-3)
    return 4 * math.sqrt(spread * (1 / REPLICATES + 1 / 999)) + 1 / (REPLICATES + 1)


@pytest.mark.parity
def test_the_clusters_of_other_programs(shared_data):
    script = _script()
    for reference in script.references(shared_data / "reference", REPLICATES):
        places = [reference.match(printed) for printed in reference.printed]
        assert None not in places, (reference.name, places)
        pairs = [
            (reference.result.clusters[at], printed) for at, printed in zip(places, reference.printed, strict=True)
        ]
        told = {"source": reference.program}
        ours, theirs = ([" ".join(names) for names in sides] for sides in _members(reference, places))
        agree(TOPIC, f"{reference.name}: members", ours, theirs, **told)
        _agree_on_p(reference, [pair for pair in pairs if not np.isnan(pair[1].p)])
        pairs = [pair for pair in pairs if "Scotland" not in reference.name and not np.isnan(pair[1].llr)]
        if not pairs:
            continue
        mine = np.array([(ours.llr, ours.observed, ours.expected) for ours, _ in pairs]).T
        other = np.array([(printed.llr, printed.cases, printed.expected) for _, printed in pairs]).T
        digits = np.array([printed.rounding * 1.01 for _, printed in pairs])
        agree(TOPIC, f"{reference.name}: statistic", mine[0], other[0], within=digits, **told)
        agree(TOPIC, f"{reference.name}: cases", mine[1], other[1], **told)
        gaps = [0.5 * 10 ** -len(f"{printed.expected}".partition(".")[2]) + 1e-9 for _, printed in pairs]
        agree(TOPIC, f"{reference.name}: expected", mine[2], other[2], within=np.array(gaps), **told)


def _members(reference, places):
    return [reference.members(at) for at in places], [printed.names for printed in reference.printed]


def _agree_on_p(reference, pairs) -> None:
    """By replicates; where 999 replicates cannot tell so small a p, the other's is a Gumbel tail, and so is ours."""
    if not pairs:
        return
    gumbel = np.array([printed.p < 0.001 for _, printed in pairs])
    ours = np.array([one.gumbel_p if tail else one.p_value for (one, _), tail in zip(pairs, gumbel, strict=True)])
    theirs = np.array([printed.p for _, printed in pairs])
    slack = np.array([monte_carlo_error(p) if p >= 0.002 else 0.002 for p in theirs])
    for name, chosen in (("p", ~gumbel), ("p, Gumbel tail", gumbel)):
        if chosen.any():
            what = f"{reference.name}: {name}"
            agree(TOPIC, what, ours[chosen], theirs[chosen], source=reference.program, within=slack[chosen])


@pytest.mark.parity
def test_scotland_with_the_expectation_unscaled():
    """SpatialEpi leaves the expectation at 536.2 beside 536 cases; ours is scaled, so its scan says 99.000986."""
    source = "SpatialEpi 1.2.8"
    agree(
        TOPIC,
        "Scotland lip cancer: ratio of the printed window",
        float(poisson_llr(175, 55.0, 536)),
        98.9511,
        source=source,
        within=5e-5,
    )


@pytest.mark.parity
def test_the_window_of_the_new_mexico_replica(shared_data):
    """Nine counties, 1985-89; no circle around a county of NMgeo holds just these, so it is compared as a window."""
    counts, expected, _, geography = _script().new_mexico_tables(shared_data / "reference" / "nm_brain_cancer")
    nine = "Bernalillo Sandoval Valencia Torrance SantaFe LosAlamos Socorro SanMiguel Guadelupe".split()
    inside = np.ix_(np.arange(12, 17), [list(geography["county"]).index(name) for name in nine])
    c, mu, source = counts[inside].sum(), expected[inside].sum(), "a replica (no print)"
    assert (c, counts.sum()) == (236, 1175)
    agree(TOPIC, "NM brain cancer, nine counties: expected", mu, 176.2, source=source, within=0.05)
    agree(
        TOPIC,
        "NM brain cancer, nine counties: ratio",
        float(poisson_llr(c, mu, 1175)),
        10.98,
        source=source,
        within=0.005,
    )
    agree(TOPIC, "NM brain cancer, nine counties: O/E", c / mu, 1.34, source=source, within=0.005)
    risk = (c / mu) / ((1175 - c) / (1175 - mu))
    agree(TOPIC, "NM brain cancer, nine counties: relative risk", risk, 1.42, source=source, within=0.005)


def test_the_circles_of_new_mexico(shared_data):
    """A value of our own to hold on to: at most half the people and nine years."""
    found = _script().new_mexico_poisson(shared_data / "reference" / "nm_brain_cancer", 99)
    first = found.result.clusters[0]
    assert found.members(0) == sorted(
        "Bernalillo Sandoval Valencia Torrance SantaFe LosAlamos Socorro SanMiguel".split()
    )
    assert (1973 + first.start, 1972 + first.end, first.observed) == (1985, 1989, 232)
    assert first.llr == pytest.approx(10.016994, abs=5e-7)
    assert first.p_value <= 0.1


LATTICES = {1: [(3.352053, 3, 0.42), (2.715606, 4, 0.96)], 3: [(1.622161, 10, 5.46)]}
"""SaTScan's (LLR, cases, expected) of clusters among 100 cases on two lattices full of ties."""


@pytest.mark.parity
@pytest.mark.parametrize("lattice", LATTICES)
def test_the_ratios_of_printed_lattice_clusters(lattice):
    """By arithmetic: the case files behind the prints are not ours to keep. Ties: tests/test_scan.py."""
    agree(
        TOPIC,
        f"space-time permutation, lattice {lattice}: ratios by arithmetic",
        [float(poisson_llr(cases, mu, 100)) for _, cases, mu in LATTICES[lattice]],
        [llr for llr, *_ in LATTICES[lattice]],
        source="SaTScan 9.4.4 print",
        within=6e-7,
    )
