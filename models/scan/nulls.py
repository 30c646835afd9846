"""What chance would do: a null gives each bin and site its baseline, and draws replicates.

Counts and baselines are (n_times, n_sites). `sampler(first)` returns a function of a random generator that draws the
counts of the bins from *first* on, which is all a prospective scan looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .likelihood import BERNOULLI, EXPECTATION, POISSON, SCORE

Sampler = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Null:
    """Of each bin and site the baseline, of everything the cases and the mass, and the statistic's kind."""

    baseline: np.ndarray
    cases: float
    mass: float
    kind: int = field(default=POISSON, init=False)

    def sampler(self, first: int) -> Sampler:
        """A function that draws counts of the bins from *first* on."""
        raise NotImplementedError

    def signal(self, counts: np.ndarray) -> np.ndarray:
        """What windows add up: the counts themselves, but for a score."""
        return counts


@dataclass(frozen=True)
class PoissonNull(Null):
    """All cases fall on bins and sites in proportion to the expectation (Kulldorff's discrete Poisson model).

    Where expectations rest on the past, *shape* (n_sites,) makes the replicates know that: each site's rate is then
    drawn from a gamma distribution of that shape around it, once a replicate; infinite for a known rate. With
    *by_bin*, every replicate keeps the number of cases of each bin.
    """

    shape: np.ndarray = field(default_factory=lambda: np.array(np.inf))
    by_bin: bool = False

    @classmethod
    def of(
        cls, counts: np.ndarray, expected: np.ndarray, shape: np.ndarray | float = np.inf, *, by_bin: bool = False
    ) -> PoissonNull:
        """*expected* is scaled to the number of cases, *by_bin* to that of each bin; population counts will do."""
        cases, expected = _cases(counts), _known(expected, counts)
        mass = expected.sum(axis=1, keepdims=True) if by_bin else expected.sum(keepdims=True)
        held = counts.sum(axis=1, keepdims=True) if by_bin else cases
        if (np.broadcast_to(held, mass.shape)[mass <= 0] > 0).any():
            raise ValueError("there are cases where nothing is expected")
        scaled = expected * (held / np.where(mass > 0, mass, 1.0))
        return cls(scaled, cases, cases, np.asarray(shape, dtype=float), by_bin)

    def sampler(self, first: int) -> Sampler:
        part, before = self.baseline[first:], self.baseline[:first].sum(axis=0)
        held = np.rint(part.sum(axis=1)).astype(np.int64)

        def draw(rng: np.random.Generator) -> np.ndarray:
            rate = _rates(rng, self.shape, part.shape[1])
            if self.by_bin:
                return rng.multinomial(held, _shares(part * rate))
            share = _shares(np.append((part * rate).ravel(), before @ rate))
            return rng.multinomial(int(self.cases), share)[:-1].reshape(part.shape)

        return draw


@dataclass(frozen=True)
class PermutationNull(Null):
    """Every case keeps its site and its time, but whose time goes with whose site is chance."""

    counts: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray) -> PermutationNull:
        """The baseline of a bin at a site is (cases of the site) x (cases of the bin) / (all cases)."""
        cases = _cases(counts)
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(cases, 1.0)
        return cls(expected, cases, cases, counts)

    def sampler(self, first: int) -> Sampler:
        places = np.repeat(np.arange(self.counts.shape[1]), self.counts.sum(axis=0).astype(np.int64))
        n_sites, n_bins = self.counts.shape[1], len(self.counts) - first
        bins = np.repeat(np.arange(n_bins), self.counts[first:].sum(axis=1).astype(np.int64)) * n_sites

        def draw(rng: np.random.Generator) -> np.ndarray:
            chosen = rng.choice(places, len(bins), replace=False)
            return np.bincount(bins + chosen, minlength=n_bins * n_sites).reshape(n_bins, n_sites)

        return draw


@dataclass(frozen=True)
class ExpectationNull(Null):
    """Counts are independent Poisson with known expectations: nothing is conditional on the total.

    *shape* as in `PoissonNull`.
    """

    shape: np.ndarray = field(default_factory=lambda: np.array(np.inf))
    kind: int = field(default=EXPECTATION, init=False)

    @classmethod
    def of(cls, counts: np.ndarray, expected: np.ndarray, shape: np.ndarray | float = np.inf) -> ExpectationNull:
        """*expected* (n_times, n_sites), in cases."""
        expected = _known(expected, counts)
        return cls(expected, _cases(counts), expected.sum(), np.asarray(shape, dtype=float))

    def sampler(self, first: int) -> Sampler:
        part = self.baseline[first:]
        return lambda rng: rng.poisson(part * _rates(rng, self.shape, part.shape[1]))


@dataclass(frozen=True)
class NegativeBinomialNull(Null):
    """Counts are independent negative binomial with known expectations; windows are ranked by their score.

    The score of a window is sum((y - mu) / w) / sqrt(sum(mu / w)) with w = 1 + mu / size; told is half its square,
    which is on the scale of a log-likelihood ratio. Source: Tango, Takahashi & Kohriyama (2011), Biometrics 67(1).
    """

    expected: np.ndarray
    size: np.ndarray
    shape: np.ndarray = field(default_factory=lambda: np.array(np.inf))
    kind: int = field(default=SCORE, init=False)

    @classmethod
    def of(
        cls, counts: np.ndarray, expected: np.ndarray, size: np.ndarray | float, shape: np.ndarray | float = np.inf
    ) -> NegativeBinomialNull:
        """*expected* (n_times, n_sites), in cases; *size*, broadcast to it: the variance is mu + mu² / size.

        *shape* as in `PoissonNull`.
        """
        expected = _known(expected, counts)
        size = np.broadcast_to(np.asarray(size, dtype=float), expected.shape)
        if not (size > 0).all():
            raise ValueError("sizes must be above 0")
        spread = expected / (1 + expected / size)
        return cls(spread, _cases(counts), spread.sum(), expected, size, np.asarray(shape, dtype=float))

    def signal(self, counts: np.ndarray) -> np.ndarray:
        from_end = slice(len(self.expected) - len(counts), None)
        expected, size = self.expected[from_end], self.size[from_end]
        return (counts - expected) / (1 + expected / size)

    def sampler(self, first: int) -> Sampler:
        expected, size = self.expected[first:], self.size[first:]
        finite = np.isfinite(size)

        def draw(rng: np.random.Generator) -> np.ndarray:
            rate = expected * _rates(rng, self.shape, expected.shape[1])
            rate[finite] *= rng.gamma(size[finite]) / size[finite]
            return rng.poisson(rate)

        return draw


@dataclass(frozen=True)
class BernoulliNull(Null):
    """Who of the people is a case is chance: cases and controls, or cases in a population."""

    kind: int = field(default=BERNOULLI, init=False)

    @classmethod
    def of(cls, counts: np.ndarray, people: np.ndarray) -> BernoulliNull:
        """*people* (n_times, n_sites): whole numbers, cases among them."""
        people = _known(people, counts)
        if not (people == np.rint(people)).all() or (np.asarray(counts) > people).any():
            raise ValueError("people must be whole numbers, at least as many as cases")
        return cls(people, _cases(counts), people.sum())

    def sampler(self, first: int) -> Sampler:
        part = self.baseline[first:]
        colours = np.append(part.ravel(), self.baseline[:first].sum()).astype(np.int64)

        def draw(rng: np.random.Generator) -> np.ndarray:
            found = rng.multivariate_hypergeometric(colours, int(self.cases), method="marginals")
            return found[:-1].reshape(part.shape)

        return draw


def _rates(rng: np.random.Generator, shape: np.ndarray, n_sites: int) -> np.ndarray:
    """(n_sites,) how far a replicate's rates lie from what is expected of them: gamma, of mean 1."""
    shape = np.broadcast_to(shape, (n_sites,))
    rate, finite = np.ones(n_sites), np.isfinite(shape)
    rate[finite] = rng.gamma(shape[finite]) / shape[finite]
    return rate


def _shares(weight: np.ndarray) -> np.ndarray:
    """Weights along the last axis, as parts of their sum; even where there are none."""
    total = weight.sum(axis=-1, keepdims=True)
    return np.where(total > 0, weight, 1.0) / np.where(total > 0, total, weight.shape[-1])


def _cases(counts: np.ndarray) -> float:
    counts = np.asarray(counts)
    if counts.ndim != 2 or not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.rint(counts)).any():
        raise ValueError("counts must be whole numbers of shape (n_times, n_sites), none below 0")
    return float(counts.sum())


def _known(expected: np.ndarray, counts: np.ndarray) -> np.ndarray:
    expected = np.asarray(expected, dtype=float)
    if expected.shape != np.shape(counts) or not np.isfinite(expected).all() or (expected < 0).any():
        raise ValueError(f"expectations must be finite, at least 0 and of shape {np.shape(counts)}")
    return expected
