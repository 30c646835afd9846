"""Several models' tails of the same counts -> one, under a stated assumption on how they depend."""

from __future__ import annotations

import math

import numpy as np

from ..refusals import refusal

COMBINATIONS = ("bonferroni", "cauchy", "fisher")
_LEAST_CAUCHY = math.log(0.99)  # a p above this counts as this, or one calm model would outvote any alarm


def model_weights(text: str) -> dict[str, float]:
    """`nb_predictive=0.9,nb_cusum=0.1` -> each model's share; shares are scaled to sum to 1, a missing one is 1.

    Raises InputError for what cannot be read and for models that may not warn: without a null, without a past, or that
    look for too few incidents.
    """
    from .. import registry

    known = registry()
    parts = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    shares: dict[str, float] = {}
    for name, equals, share in parts:
        try:
            shares[name.strip()] = float(share) if equals else 1.0
        except ValueError as error:
            raise refusal("E-SET-009", where="models", text=f"{name}={share}") from error
    warns = sorted(name for name, cls in known.items() if cls.has_null and cls.temporal and cls.side == "high")
    wrong = [name for name in shares if name not in warns]
    if wrong or "nb_predictive" not in shares or not all(0 < share < math.inf for share in shares.values()):
        raise refusal("E-SET-010", where="models", names=", ".join(wrong) or text, known=", ".join(warns))
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def combine_log_p(log_p: np.ndarray, weights: np.ndarray, how: str = "bonferroni") -> np.ndarray:
    """One natural-log tail of several.

    log_p : (n_models, ...) tails of the same tests, at most 0. weights : (n_models,), above 0, summing to 1.

    - `bonferroni`: the least p / weight. Never too small, however the models depend.
    - `cauchy`: the weighted mean of cot(pi p), against the standard Cauchy. Right far out under any dependence;
      approximate near p = 0.1 and above. Liu & Xie (2020), JASA 115, 393-402.
    - `fisher`: -2 sum of log p, against chi-squared with 2 n degrees of freedom. Right only for independent tails;
      weights play no part.

    Raises ValueError for an unknown rule or weights that do not sum to 1.
    """
    log_p, weights = np.minimum(np.asarray(log_p, float), 0.0), np.asarray(weights, float)
    if how not in COMBINATIONS or weights.shape != log_p.shape[:1] or abs(weights.sum() - 1) > 1e-9:
        raise ValueError(f"how must be one of {COMBINATIONS}, with a weight above 0 for each model, in sum 1")
    if len(log_p) == 1:
        return log_p[0]
    if how == "fisher":
        return _fisher(log_p)
    column = weights.reshape(-1, *[1] * (log_p.ndim - 1))
    return _cauchy(log_p, column) if how == "cauchy" else np.minimum((log_p - np.log(column)).min(axis=0), 0.0)


def _fisher(log_p: np.ndarray) -> np.ndarray:
    """log P(chi-squared with 2 n degrees of freedom >= -2 sum): e^-s times the first n terms of e^s, s = -sum log p."""
    n, total = len(log_p), -log_p.sum(axis=0)
    with np.errstate(divide="ignore"):
        terms = [k * np.log(total) - math.lgamma(k + 1) if k else np.zeros_like(total) for k in range(n)]
    return np.minimum(np.logaddexp.reduce(terms, axis=0) - total, 0.0)


def _cauchy(log_p: np.ndarray, weights: np.ndarray) -> np.ndarray:
    capped = np.minimum(log_p, _LEAST_CAUCHY)
    near = np.maximum(capped, -30.0)
    mean = (weights / np.tan(np.pi * np.exp(near))).sum(axis=0)
    calm = np.log(np.clip(0.5 - np.arctan(mean) / np.pi, 1e-300, 1.0))
    far = -np.logaddexp.reduce(np.log(weights) - capped, axis=0)  # cot(x) is 1 / x far out
    return np.minimum(np.where(capped.min(axis=0) < -15.0, far, calm), 0.0)
