"""What to expect of every site and bin.

By the past: a site's own rate, steadied by all, and the city's week. By people: the whole area's rate of each stratum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...cube import BIN_HOURS

_CYCLE = {"hour": 24, "day": 7}
"""Bins after which the city's rhythm repeats, by kind of bin."""

_CYCLES = 4  # how many of them have to be seen before the rhythm is believed


class NoPast(ValueError):
    """Nothing has happened yet that an expectation could rest on."""


@dataclass(frozen=True)
class Expectation:
    """expected : (n_bins, n_sites) cases; shape : (n_sites,) of the gamma distribution each site's rate is known by;
    size : of a negative binomial for single counts, infinite where they scatter no more than Poisson counts.
    """

    expected: np.ndarray
    shape: np.ndarray
    size: float


def expect(counts: np.ndarray, valid: np.ndarray, bins: np.ndarray, bin: str, n_last: int) -> Expectation:
    """The last *n_last* bins as seen from the valid bins before them.

    counts : (n_times, n_sites); valid : (n_times,); bins : (n_times,) local starts. Site rates have a gamma prior with
    the mean and the variance of the city's own (empirical Bayes by moments), so that a site without a case in the
    past still expects a little, and all know how far their rate is known. Invalid bins expect nothing.

    Raises NoPast where no valid bin with a case lies before the last ones.
    """
    past = valid.copy()
    past[len(past) - n_last :] = False
    seen = counts[past]
    if not seen.size or not seen.sum():
        raise NoPast("the past holds no cases to expect anything by")
    rhythm = _rhythm(seen.sum(axis=1), past, bins, bin)
    exposure = rhythm[past].sum()
    total = seen.sum(axis=0)
    mean = float(total.mean() / exposure)
    clumping = 1 + mean / _size(seen, np.outer(rhythm[past], total / exposure))
    shape, rate = _prior(total / exposure, exposure / clumping)
    posterior = (total + shape) / (exposure + rate)
    size = _size(seen, np.outer(rhythm[past], posterior))
    share = np.where(valid, rhythm, 0.0)[len(past) - n_last :]
    return Expectation(np.outer(share, posterior), total + shape, size)


def standardised_expectation(cases: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Indirect standardisation: the cases each bin and site would have at the whole area's rate of each stratum.

    cases, population : (n_strata, ...), of strata such as age and sex. Returns the shape without strata; it sums to
    all cases of strata with population. Source: Kulldorff, Feuer, Miller & Freedman (1997), AJE 146(2).
    """
    cases, population = np.asarray(cases, dtype=float), np.asarray(population, dtype=float)
    if cases.shape != population.shape:
        raise ValueError(f"cases {cases.shape} and population {population.shape} must have one shape")
    axes = tuple(range(1, cases.ndim))
    people = population.sum(axis=axes)
    rate = np.divide(cases.sum(axis=axes), people, out=np.zeros(len(people)), where=people > 0)
    return np.tensordot(rate, population, axes=1)


def _prior(rates: np.ndarray, exposure: float) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of the sites' rates, by moments, where each is known as from Poisson
    counts of *exposure*.
    """
    mean = float(rates.mean())
    between = float(rates.var()) - mean / exposure
    shape = mean**2 / max(between, mean**2 * 1e-3)  # rates that differ no more than chance are as good as one
    return shape, shape / mean


def _rhythm(city: np.ndarray, past: np.ndarray, bins: np.ndarray, bin: str) -> np.ndarray:
    """(n_times,) the city's mean at that hour, or day of the week, over its mean; 1 where too little is seen."""
    cycle = _CYCLE.get(bin, 1)
    hours = np.asarray(bins).astype("datetime64[h]").astype(np.int64)
    phase = hours // BIN_HOURS[bin] % cycle
    times = np.bincount(phase[past], minlength=cycle)
    if cycle == 1 or times.min() < _CYCLES or not city.sum():
        return np.ones(len(past))
    mean = np.bincount(phase[past], weights=city, minlength=cycle) / times
    return np.maximum(mean / city.mean(), 0.05)[phase]


def _size(seen: np.ndarray, expected: np.ndarray) -> float:
    """The common size of a negative binomial with these means, by moments; infinite without excess scatter."""
    excess = float(((seen - expected) ** 2 - expected).sum())
    return float((expected**2).sum()) / excess if excess > 0 else np.inf
