"""The layer of cells: units of every level, their neighbours, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy import sparse

from ...cube import ROOT_CELL, Cells
from ...errors import Notice

ROLES = ("territorial", "sectoral")
CELL_COLUMNS = [
    "cell_id",
    "name",
    "unit_level",
    "parent",
    "role",
    "population",
    "responsible",
    "valid_from",
    "valid_to",
    "geometry",
]


VERSION_COLUMNS = ["cell_id", "role", "valid_from", "valid_to", "current", "geometry"]


@dataclass(frozen=True)
class CellLayer:
    """Units of every level in a CRS in metres, one row each, sorted by role (territorial first), level and code.

    `table` has the columns `CELL_COLUMNS`; `contiguity` is (n, n) binary CSR of queen neighbours without diagonal,
    within one role and level; `level_names` says what each level is called ({1: '区', ...}). `versions` has the cells
    of the file at all times (`VERSION_COLUMNS`), where it tells of more than one time; else it is None. `borders` is
    (n, n) CSR of the border that neighbours share, in metres.
    """

    table: gpd.GeoDataFrame
    contiguity: sparse.csr_matrix
    notices: tuple[Notice, ...] = ()
    level_names: dict[int, str] = field(default_factory=dict)
    versions: gpd.GeoDataFrame | None = None
    borders: sparse.csr_matrix | None = None

    @property
    def crs(self) -> CRS:
        """The working CRS, in metres."""
        return self.table.crs

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles present, in the order of `ROLES`."""
        present = set(self.table["role"])
        return tuple(role for role in ROLES if role in present)

    def leaves(self, role: str = "territorial") -> np.ndarray:
        """Row numbers of the units that no other unit names as parent: the finest of *role*."""
        parents = set(self.table["parent"]) - {""}
        finest = ~self.table["cell_id"].isin(parents) & (self.table["role"] == role)
        if len(self.table) > 1:
            finest &= self.table["cell_id"] != ROOT_CELL
        return np.flatnonzero(finest.to_numpy())

    def as_cells(self) -> Cells:
        """The same units as models may know them: numbers and names (centroids in metres, areas in km²)."""
        table, shapes = self.table, self.table.geometry.to_numpy()
        centroids = shapely.centroid(shapes)
        place = pd.Series(np.arange(len(table)), index=table["cell_id"].to_numpy(dtype=object))
        parent = place.reindex(table["parent"].to_numpy(dtype=object)).fillna(-1).to_numpy(dtype=np.int64)
        return Cells(
            cell_id=table["cell_id"].to_numpy(dtype=object),
            name=table["name"].to_numpy(dtype=object),
            unit_level=table["unit_level"].to_numpy(dtype=np.int64),
            parent=parent,
            role=table["role"].to_numpy(dtype=object),
            centres=np.column_stack([shapely.get_x(centroids), shapely.get_y(centroids)]),
            areas=shapely.area(shapes) / 1e6,
            exposure=table["population"].to_numpy(dtype=float),
            contiguity=self.contiguity,
            overlap=shared_ground(table) if len(self.roles) > 1 else None,
            borders=self.borders,
        )


def shared_ground(table: gpd.GeoDataFrame, least: float = 0.1) -> sparse.csr_matrix:
    """(n, n) binary CSR, symmetric: units of different roles that share at least *least* of the smaller one's area.

    The root overlaps nothing: everything lies in it.
    """
    shapes, role = table.geometry.to_numpy(), table["role"].to_numpy(dtype=object)
    below = np.flatnonzero((role == ROLES[0]) & (table["cell_id"] != ROOT_CELL).to_numpy())
    other = np.flatnonzero(role == ROLES[1])
    one, two = shapely.STRtree(shapes[below]).query(shapes[other], predicate="intersects")
    one, two = other[one], below[two]
    areas = shapely.area(shapes)
    shared = shapely.area(shapely.intersection(shapes[one], shapes[two])) >= least * np.minimum(areas[one], areas[two])
    rows, columns = np.concatenate([one[shared], two[shared]]), np.concatenate([two[shared], one[shared]])
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(len(table), len(table)))


def full_name(table: pd.DataFrame) -> pd.Series:
    """Joined names of each unit's last three levels below the city, 街道·社区·格; the city keeps its own name.

    *table* is a cells table; the answer has its index. A name that repeats its parent's is not said twice.
    """
    ids = table["cell_id"].to_numpy(dtype=object)
    names = dict(zip(ids, table["name"].to_numpy(dtype=object), strict=True))
    parents = dict(zip(ids, table["parent"].to_numpy(dtype=object), strict=True))

    def joined(cell: str) -> str:
        path: list[str] = []
        while cell in names and len(path) < 3 and (cell != ROOT_CELL or not path):
            path.append(str(names[cell]))
            cell = parents[cell]
        kept = [name for above, name in zip([None, *path[:0:-1]], path[::-1], strict=True) if name and name != above]
        return "·".join(kept)

    return pd.Series([joined(cell) for cell in ids], index=table.index, dtype=object)
