"""How much better a window explains its cases than chance does: log-likelihood ratios, one scalar kernel for all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

POISSON, EXPECTATION, BERNOULLI, SCORE = range(4)
"""The statistics: conditional Poisson (and space-time permutation), Poisson against a known expectation, cases among
people, and the score of a negative binomial."""


def poisson_llr(observed: Any, expected: Any, total: float) -> np.ndarray:
    """c ln(c / mu) + (C - c) ln((C - c) / (C - mu)), the ratio conditional on all C = *total* cases; broadcasts.

    Of both sides: a window with fewer cases than expected has a ratio too. Source: Kulldorff (1997), Communications
    in Statistics 26(6); for space-time permutations Kulldorff et al. (2005), PLoS Medicine 2(3).
    """
    return _every(POISSON, observed, expected, total, total)


def expectation_llr(observed: Any, expected: Any) -> np.ndarray:
    """c ln(c / b) + b - c, of counts against a known expectation b; broadcasts. Source: Neill (2009), IJF 25(3)."""
    return _every(EXPECTATION, observed, expected, 0.0, 0.0)


def bernoulli_llr(cases: Any, people: Any, all_cases: float, all_people: float) -> np.ndarray:
    """The ratio of *cases* among *people* against the rest of *all_cases* among *all_people*; broadcasts.

    Source: Kulldorff & Nagarwalla (1995), Statistics in Medicine 14(8).
    """
    return _every(BERNOULLI, cases, people, all_cases, all_people)


@njit(cache=True, nogil=True)
def ratio_of(kind: int, c: float, mu: float, cases: float, mass: float) -> float:
    """The log-likelihood ratio of one window with *c* cases and baseline *mu*, of *cases* and *mass* in all."""
    inside = c * math.log(c / mu) if c > 0 else 0.0
    if kind == EXPECTATION:
        return inside + mu - c
    left = cases - c
    outside = left * math.log(left / (mass - mu)) if left > 0 else 0.0
    if kind == POISSON:
        return inside + outside
    healthy, healthy_outside = mu - c, (mass - mu) - left
    ratio = inside + outside - cases * math.log(cases / mass) - (mass - cases) * math.log((mass - cases) / mass)
    if healthy > 0:
        ratio += healthy * math.log(healthy / mu)
    if healthy_outside > 0:
        ratio += healthy_outside * math.log(healthy_outside / (mass - mu))
    return ratio


@njit(cache=True, nogil=True)
def expected_of(kind: int, mu: float, cases: float, mass: float) -> float:
    """Cases expected in a window of baseline *mu*."""
    return mu * cases / mass if kind == BERNOULLI else mu


@njit(cache=True, nogil=True)
def risk_of(kind: int, c: float, mu: float, cases: float, mass: float) -> float:
    """The rate inside a window over the rate outside; over the expectation for EXPECTATION and SCORE.

    A window that holds every case has no rate outside: its risk is the largest float, not infinity.
    """
    expected = expected_of(kind, mu, cases, mass)
    if kind in (EXPECTATION, SCORE):
        return c / expected if expected > 0 else 1.7976931348623157e308
    rest = cases - c
    if expected <= 0 or rest <= 0:
        return 1.7976931348623157e308
    return (c / expected) / (rest / (cases - expected))


@njit(cache=True, nogil=True)
def _fill(kind: int, c: np.ndarray, mu: np.ndarray, cases: float, mass: float, found: np.ndarray) -> None:
    for i in range(len(c)):
        found[i] = ratio_of(kind, c[i], mu[i], cases, mass)


def _every(kind: int, c: Any, mu: Any, cases: float, mass: float) -> np.ndarray:
    c, mu = np.broadcast_arrays(np.asarray(c, dtype=float), np.asarray(mu, dtype=float))
    if not (mu > 0).all() or not (c >= 0).all():
        raise ValueError("counts must be at least 0 and expectations above 0")
    if kind != EXPECTATION and not (np.all(c <= cases) and np.all(mu < mass)):
        raise ValueError("a window holds at most all cases, and less than the whole expectation")
    found = np.empty(c.size)
    _fill(kind, c.ravel(), mu.ravel(), float(cases), float(mass), found)
    return found.reshape(c.shape)
