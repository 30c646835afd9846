"""Surfaces as polygons: labels become regions, contours enclose what is raised, chance is told for the whole city."""

from __future__ import annotations

import numpy as np
import pytest
from gridbeacon.layers.raster import Surface, polygons_of
from gridbeacon.models.density import StudyArea, relative_risk
from gridbeacon.pipeline.surfaces import choose_bandwidth, density_regions, risk_regions

TRANSFORM = (0.0, 10.0, 0.0, 40.0, 0.0, -10.0)


def test_labels_become_polygons_of_their_area():
    labels = np.array([[1, 1, 0, 2], [0, 0, 0, 2], [1, 0, 0, 0], [1, 0, 3, 3]])
    whole = polygons_of(labels, TRANSFORM, "EPSG:32650")
    assert dict(zip(whole["label"], whole.area, strict=True)) == {1: 400.0, 2: 200.0, 3: 200.0}
    apart = polygons_of(labels, TRANSFORM, "EPSG:32650", apart=True)
    assert list(apart["label"]) == [1, 1, 2, 3]
    assert apart.total_bounds.tolist() == [0.0, 0.0, 40.0, 40.0]


def test_regions_of_a_density_cover_what_is_above_their_bounds():
    values = np.linspace(0, 90, 400, dtype=np.float32).reshape(20, 20)
    surface = Surface(values, (0.0, 10.0, 0.0, 200.0, 0.0, -10.0), "EPSG:32650", "28 days")
    table = density_regions(surface)
    for row in table.itertuples():
        high = np.inf if np.isnan(row.high) else row.high
        assert row.geometry.area == 100 * ((values >= row.low) & (values < high)).sum()
    assert set(table["period"]) == {"28 days"}
    assert len(density_regions(Surface(0 * values, surface.transform, surface.crs, "28 days"))) == 0


def test_the_planted_place_is_the_one_raised_beyond_chance():
    rng = np.random.default_rng(3)
    study = StudyArea((0.0, 0.0, 10_000.0, 10_000.0), 100.0)
    controls = rng.uniform(0, 10_000, (600, 2))
    cases = np.vstack([rng.uniform(0, 10_000, (150, 2)), rng.normal((7000, 3000), 300, (40, 2))])
    found = relative_risk(cases, controls, study, 600.0, replicates=99)
    table = risk_regions(found, study, "EPSG:32650")
    real = table[table["p_anywhere"] <= 0.05]
    assert len(real) == 1
    assert real.iloc[0]["tolerance"] == "raised 99"
    assert real.iloc[0]["relative_risk"] > 2
    assert real.geometry.iloc[0].buffer(200).contains_properly(real.geometry.iloc[0].centroid)
    assert abs(real.geometry.iloc[0].centroid.x - 7000) < 300
    assert set(table["tolerance"]) <= {"raised 99", "raised 95", "lowered 95", "lowered 99"}


@pytest.mark.parametrize("rule", ["auto", "likelihood", "diggle", "scott"])
def test_a_quartic_bandwidth_is_the_gaussian_one_times_root_eight(rule):
    points = np.random.default_rng(1).normal(5000, 900, (300, 2))
    study = StudyArea((0.0, 0.0, 10_000.0, 10_000.0), 100.0)
    gaussian, quartic = (choose_bandwidth(points, study, rule, kernel) for kernel in ("gaussian", "quartic"))
    assert quartic == pytest.approx(8**0.5 * gaussian, rel=0.05)
    assert 50 <= gaussian <= 2000
