"""Disputes and petitions are described at street level or above: no step scores or draws them for a cell."""

from __future__ import annotations

import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city


@pytest.fixture(scope="module")
def disputed(tmp_path_factory):
    """The tiny city with a quarter of its incidents made disputes: (incidents, cells)."""
    folder = tmp_path_factory.mktemp("disputed")
    incidents, cells = make_tiny_city(folder)
    table = pd.read_csv(incidents, dtype=str)
    column = next(c for c in table.columns if table[c].nunique() < 20 and c not in ("lon", "lat", "经度", "纬度"))
    table.loc[::4, column] = "矛盾纠纷"
    table.to_csv(incidents, index=False)
    return str(incidents), str(cells)


@pytest.mark.parametrize("step", ["nb_predictive", "getis_ord", "density_surface", "relative_risk"])
def test_a_step_refuses_a_class_that_is_only_described(step, disputed, tmp_path, capsys):
    files = ["--incidents", disputed[0], "--cells", disputed[1], "--out", str(tmp_path / "x.gpkg")]
    assert execute(["step", step, *files, "--class-node", "矛盾纠纷", "--progress", "none"]) == 2
    assert "street level" in capsys.readouterr().err
    assert not (tmp_path / "x.gpkg").exists()


def test_they_are_not_among_all_classes_of_a_cell(disputed, tmp_path):
    import geopandas as gpd

    sums = []
    for level in ("-1", "0"):
        out = tmp_path / f"level{level}.gpkg"
        files = ["--incidents", disputed[0], "--cells", disputed[1], "--out", str(out), "--unit-level", level]
        assert execute(["step", "getis_ord", *files, "--window", "3650", "--progress", "none"]) == 0
        sums.append(int(gpd.read_file(out)["incidents"].sum()))
    assert sums[0] < 0.9 * sums[1]
