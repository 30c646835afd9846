"""How concentrated incidents are: the Lorenz curve, Gini, and the smallest share of cells with most of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..refusals import refusal


@dataclass(frozen=True)
class Concentration:
    """Concentration of incidents over cells.

    order : (n_cells,) the cells, most incidents first, ties in their own order; cells, incidents : (n_cells + 1,) the
    Lorenz curve from (0, 0) to (1, 1), share of cells with most incidents and share of incidents in them; gini : 0
    where every cell has as many, towards 1 where one has all; generalised_gini : 0 where incidents are spread as
    evenly as so few can be; n_cells : the smallest number of cells with the share asked for, and that over all;
    status : `ok`, or `empty class` with every measure 0.
    """

    order: np.ndarray
    cells: np.ndarray
    incidents: np.ndarray
    gini: float
    generalised_gini: float
    n_cells: int
    share_of_cells: float
    status: str


def concentration(counts: np.ndarray, share: float = 0.8) -> Concentration:
    """Concentration of (n_cells,) *counts* at least 0; cells without incidents count as cells.

    With n cells of shares y in rising order gini = (2 sum i y_i - n - 1) / n. Where there are fewer incidents c than
    cells even a city as even as can be has a Gini of 1 - c / n; the generalised one, max(n / c, 1) (gini - 1) + 1,
    takes that as its zero. *share* of incidents: the number of cells needed to reach it, the largest first.

    Source: Bernasco & Steenbeek (2017), Journal of Quantitative Criminology 33(3).
    """
    counts = np.asarray(counts, dtype=float).ravel()
    if not len(counts) or not np.isfinite(counts).all() or (counts < 0).any():
        raise refusal("E-MODEL-006", where="concentration")
    if not 0 < share <= 1:
        raise refusal("E-SET-004", where="concentration")
    n, total = len(counts), counts.sum()
    order = np.argsort(-counts, kind="stable")
    cells = np.arange(n + 1) / n
    if total == 0:
        return Concentration(order, cells, cells.copy(), 0.0, 0.0, 0, 0.0, "empty class")
    reached = np.append(0.0, np.cumsum(counts[order]))
    rising = counts[order][::-1] / total
    gini = float((2 * np.arange(1, n + 1) @ rising - n - 1) / n)
    needed = int(np.searchsorted(reached, share * total * (1 - 1e-12)))
    generalised = float(max(n / total, 1.0) * (gini - 1) + 1)
    return Concentration(order, cells, reached / total, gini, generalised, needed, needed / n, "ok")
