"""Values made fit for exact tails: whole numbers, and no single cell that makes up for a whole neighbourhood."""

from __future__ import annotations

import numpy as np

_STEPS = 200  # a city's rates are laid on this many steps


def moderate_counts(counts: np.ndarray) -> np.ndarray:
    """Square roots of one bin's (n_cells,) counts, in twentieths and rounded: what exact tails add up.

    A root steadies the spread of counts. Counts beyond the third quartile + 6 interquartile ranges (a range being
    at least the smallest count above zero) are taken as that, so that no single cell makes up for a whole
    neighbourhood. The cap is the city's own, whichever cell holds what, so the values stay exchangeable.
    """
    return np.rint(20 * np.sqrt(_capped(np.maximum(counts, 0))))


def moderate_rates(rates: np.ndarray) -> np.ndarray:
    """One bin's (n_cells,) rates, of either sign, as whole steps of their range: what exact tails add up.

    Rates are capped on both sides as counts are above (`moderate_counts`), and the range left is two hundred steps.
    """
    capped = -_capped(-_capped(rates))
    least, span = capped.min(initial=np.inf), np.ptp(capped) if capped.size else 0.0
    return np.rint(_STEPS * (capped - least) / span) if span > 0 else np.zeros_like(capped)


def _capped(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values, [25, 75]) if values.size else (0.0, 0.0)
    least = np.abs(values[values != 0]).min(initial=np.inf)
    return np.minimum(values, high + 6 * max(high - low, least))
