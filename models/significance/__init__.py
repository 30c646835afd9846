"""How surprising a number is: one engine for every model.

Count tails, permutation tails, false-discovery control, the chance of a whole family of tests, recurrence
intervals and Monte Carlo, in logarithms. Everything is deterministic, or follows from `random_state` alone, a stream
of its own for every replicate, so that the number of threads changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "MAX_RECURRENCE_DAYS": ".families",
    "PermutationTails": ".permutation",
    "benjamini_hochberg": ".families",
    "exchangeable_tail": ".exchangeable",
    "exchangeable_tails": ".exchangeable",
    "family_log_p": ".families",
    "fit_gumbel": ".montecarlo",
    "gumbel_log_p": ".montecarlo",
    "log_false_discovery": ".families",
    "mid_p_rank": ".tails",
    "nb_log_cdf": ".tails",
    "nb_log_sf": ".tails",
    "normal_log_tails": ".tails",
    "permutation_tails": ".permutation",
    "poisson_log_sf": ".tails",
    "rank_p": ".montecarlo",
    "recurrence_interval": ".families",
    "run_replicates": ".montecarlo",
    "sequential_p": ".montecarlo",
    "stopping_time": ".montecarlo",
    "two_sided_p": ".tails",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
