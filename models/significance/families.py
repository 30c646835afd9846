"""Many tests at once: false-discovery control, the chance of a whole family, recurrence intervals."""

from __future__ import annotations

import math

import numpy as np

MAX_RECURRENCE_DAYS = 3.6525e8
"""A million years: the largest recurrence interval ever stated. No null model is believed further out."""


def log_false_discovery(log_p: np.ndarray, method: str = "bh") -> np.ndarray:
    """log q of every test: the smallest false-discovery rate at which it would be called.

    The family is every element of *log_p*, whatever its shape; hand in one level × all classes of a run.
    *method* is `bh` (Benjamini-Hochberg 1995) or `by` (Benjamini-Yekutieli 2001, any dependence).
    """
    if method not in ("bh", "by"):
        raise ValueError(f"method must be 'bh' or 'by', not {method!r}")
    flat = np.asarray(log_p, dtype=float).ravel()
    if np.isnan(flat).any() or (flat > 1e-12).any():
        raise ValueError("log p must be numbers of at most 0")
    if flat.size == 0:
        return np.zeros(np.shape(log_p))
    ranks = np.arange(1, flat.size + 1)
    penalty = math.log(np.sum(1 / ranks)) if method == "by" else 0.0
    order = np.argsort(flat, kind="stable")
    stepped = flat[order] + np.log(flat.size / ranks) + penalty
    log_q = np.empty_like(flat)
    log_q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 0.0)
    return log_q.reshape(np.shape(log_p))


def benjamini_hochberg(p: np.ndarray, method: str = "bh") -> np.ndarray:
    """q-value of every test in *p*; the family and *method* are those of `log_false_discovery`."""
    p = np.asarray(p, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    with np.errstate(divide="ignore"):
        return np.exp(log_false_discovery(np.log(p), method))


def family_log_p(log_p: np.ndarray | float, weight: np.ndarray | float) -> np.ndarray:
    """log(1 - (1 - p)^(1 / weight)): the chance that the whole family shows something as extreme (weighted Šidák).

    *weight* is the test's share of the family, between 0 and 1; over the family the weights sum to one. A test of
    weight 0 is never surprising. Stable for any log p, also far below the smallest float.
    """
    single, share = np.minimum(np.asarray(log_p, dtype=float), 0.0), np.asarray(weight, dtype=float)
    if np.isnan(single).any() or not ((share >= 0) & (share <= 1 + 1e-12)).all():
        raise ValueError("log p must be numbers and weights lie between 0 and 1")
    with np.errstate(divide="ignore"):
        hazard = _log_hazard(single) - np.log(np.where(share > 0, share, 1.0))
        rate = np.exp(np.clip(hazard, -30.0, 700.0))
        grown = np.where(rate > 0.7, np.log1p(-np.exp(-rate)), np.log(-np.expm1(-rate)))
    return np.where(share > 0, np.minimum(np.where(hazard > -30, grown, hazard), 0.0), 0.0)


def _log_hazard(log_p: np.ndarray) -> np.ndarray:
    """log(-log(1 - p)); below e^-37 it is log p itself to the last digit."""
    near = np.maximum(log_p, -37.0)
    calm = np.where(near > -0.6931, np.log(-np.expm1(near)), np.log1p(-np.exp(near)))
    return np.where(log_p > -37, np.log(-calm), log_p)


def recurrence_interval(
    log_p: np.ndarray | float, weight: np.ndarray | float, bin_days: float, cap: float = MAX_RECURRENCE_DAYS
) -> np.ndarray:
    """Days between chance occurrences, anywhere in the family, of something as extreme: bin_days / family p.

    At least *bin_days*, at most *cap* days.
    """
    longest = math.log(cap / bin_days)
    return bin_days * np.exp(np.minimum(-family_log_p(log_p, weight), longest))
