"""Every class on every level of units against its own past: the tests early warnings are chosen from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.base import clone

from ..cube import ALL_CLASSES, Counts, SpaceTimeCube
from ..models import registry
from ..models.anomaly import NegativeBinomialPredictive, Scores
from ..models.early_warning import WarningRules, combine_log_p, family_recurrence, model_weights
from .almanac import Almanac
from .plan import Plan

BIN_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0}


@dataclass(frozen=True)
class Survey:
    """What was tested: `tests` that could matter (see `raise_warnings`), how many there were, what was expected today.

    `expected` maps (role, unit_level, category) to the (n_cells,) mean expected counts of the bins replayed, `size`
    to their negative-binomial sizes, `evidence` to the evidence for the map, all for the classes drawn; `family`
    holds the sum of expected counts of the last bin by (role, unit_level); `city` the whole city's series; `sums` the
    sums of expected counts of every bin replayed by (role, unit_level, category), in the order of the tests.
    """

    tests: pd.DataFrame
    n_tests: int
    n_classes: int
    family: dict[tuple[str, int], float]
    expected: dict[tuple[str, int, str], np.ndarray]
    size: dict[tuple[str, int, str], np.ndarray]
    evidence: dict[tuple[str, int, str], np.ndarray]
    city: pd.DataFrame
    sums: dict[tuple[str, int, str], np.ndarray]


def survey(
    counts: Counts,
    plan: Plan,
    valid: np.ndarray,
    lowest_level: Callable[[str], int],
    progress: Callable[[float], None],
    almanac: Almanac,
    since: int | None = None,
) -> Survey:
    """Score every class-tree node on every level of every role over the bins that are replayed.

    *valid* marks the complete bins of *counts*; *lowest_level* gives the finest unit level on which a class may be
    tested (describe-only classes stop at the street). *progress* receives fractions and may raise Cancelled. *almanac*
    holds what is known of the bins. *since* is the bin at which the past looked at begins (default: `first_needed`).
    """
    recent = counts.since(first_needed(counts, plan, valid) if since is None else since)
    later = recent.first_bin - counts.first_bin
    nodes = recent.nodes(plan.class_depth)
    of_class = {node: almanac.of_class(counts, node, plan, valid) for node in nodes}
    scales = [(role, level) for role in ("territorial", "sectoral") for level in counts.cells.levels(role)]
    found, city, n_tests = [], pd.DataFrame(), 0
    families, expected, size, evidence, sums = {}, {}, {}, {}, {}
    shown = min(plan.early_warning.replay, len(recent.bins))
    weights = model_weights(plan.early_warning.models)
    for i, (role, level) in enumerate(scales):
        family = np.zeros(shown)
        of_scale = []
        shown_here = visible_at(recent, level, lowest_level)
        for j, node in enumerate(nodes):
            progress((i + j / len(nodes)) / len(scales))
            if level > lowest_level(node):
                continue
            cube = shown_here.cube(node, level, role, measure="distinct").with_time_factors(of_class[node], later)
            model: NegativeBinomialPredictive = clone(plan.nb_predictive).fit(cube)
            scores = _with_others(model.score(cube, shown), cube, shown, weights, plan.early_warning)
            sums[role, level, node] = scores.last_expected.sum(axis=1)
            family += sums[role, level, node]
            n_tests += cube.n_cells
            of_scale.append(_candidates(scores, cube.counts[-shown:], recent, plan, role, level, node))
            if node == ALL_CLASSES or "/" not in node:
                expected[role, level, node] = scores.last_expected.mean(axis=0)
                size[role, level, node] = scores.last_size[-1]
                evidence[role, level, node] = _evidence(scores.log_p[-1])
            if level == 0 and node == ALL_CLASSES:
                city = _series(model.score(cube), cube.counts[:, 0], recent.bins, cube.valid)
        families[role, level] = float(family[-1])
        if not of_scale:
            continue
        tests = pd.concat(of_scale, ignore_index=True)
        found.append(tests.assign(family=family[tests["bin"].to_numpy() - recent.end_bin], n_levels=len(scales)))
    tests = _judged(pd.concat(found, ignore_index=True), BIN_DAYS[plan.bin])
    return Survey(tests, n_tests, len(nodes), families, expected, size, evidence, city, sums)


def with_classes(found: Survey, nodes: Sequence[str], end_bin: int, bin_days: float) -> Survey:
    """*found*, whose last bin is the one before *end_bin*, as if no class but *nodes* had been known.

    A family is shared among the classes known, so one that comes later takes nothing from the tests before it.
    """
    tests = found.tests[found.tests["category"].isin(nodes)].reset_index(drop=True)
    family = np.zeros(len(tests))
    for role, level in dict.fromkeys(key[:2] for key in found.sums):
        total = 0.0
        for node in nodes:
            total = total + found.sums.get((role, level, node), 0.0)
        own = ((tests["role"] == role) & (tests["unit_level"] == level)).to_numpy()
        family[own] = np.asarray(total)[tests["bin"].to_numpy()[own] - end_bin]
    return replace(found, tests=_judged(tests.assign(family=family), bin_days))


def _with_others(
    scores: Scores, cube: SpaceTimeCube, shown: int, weights: dict[str, float], rules: WarningRules
) -> Scores:
    """*scores* whose tails are combined with those of the other models that may warn; figures stay the first's."""
    others = [name for name in weights if name != "nb_predictive"]
    if not others:
        return scores
    known = registry()
    tails = [scores.log_p, *(known[name]().fit(cube).log_p(cube)[-shown:] for name in others)]
    shares = np.array([weights["nb_predictive"], *(weights[name] for name in others)])
    return replace(scores, log_p=combine_log_p(np.stack(tails), shares, rules.combination))


def visible_at(counts: Counts, level: int, lowest_level: Callable[[str], int]) -> Counts:
    """Counts without the classes that may not be looked at on so fine a level, not even among all classes together."""
    return counts.without(name for name in counts.table["category"].astype(str).unique() if lowest_level(name) < level)


_BLOCK = {"hour": 672, "day": 56, "week": 8}  # bins


def first_needed(counts: Counts, plan: Plan, valid: np.ndarray) -> int:
    """The first bin that the replayed bins can look back to: two baselines of complete bins.

    It is the beginning of a block of bins, the same for every run of some weeks: a bin's figures depend on where its
    past begins, and would else change from one day's run to the next although nothing new is known of it.
    """
    per_day = 1 / BIN_DAYS[plan.bin]
    model = plan.nb_predictive
    longest = max(model.windows_of(plan.bin))
    complete = (2 * model.baseline + model.guard) * per_day + longest + plan.early_warning.replay
    from_end = np.cumsum(valid[::-1])
    enough = np.flatnonzero(from_end >= complete)
    if len(enough) == 0:
        return counts.first_bin
    needed = counts.end_bin - 1 - int(enough[0])
    return max(needed - needed % _BLOCK[plan.bin], counts.first_bin)


def _candidates(
    scores: Scores, observed_bins: np.ndarray, counts: Counts, plan: Plan, role: str, level: int, node: str
) -> pd.DataFrame:
    """Tests of the replayed bins that could matter: the least excess, and a chance that alone would reach blue."""
    least = np.log(min(BIN_DAYS[plan.bin] / plan.early_warning.blue_days, 1.0))
    excess = scores.observed - scores.expected
    at = np.nonzero((excess >= plan.early_warning.blue_excess) & (scores.log_p <= least))
    units = counts.cells.rows_at(level, role)
    return pd.DataFrame(
        {
            "bin": at[0] + counts.end_bin - len(excess),
            "role": role,
            "unit_level": level,
            "unit": units[at[1]],
            "category": node,
            "window": scores.window[at],
            "observed": scores.observed[at],
            "expected": scores.expected[at],
            "size": scores.size[at],
            "excess": excess[at],
            "last_observed": observed_bins[at],
            "last_expected": scores.last_expected[at],
            "log_p": scores.log_p[at],
        }
    )


def _judged(tests: pd.DataFrame, bin_days: float) -> pd.DataFrame:
    """Add recurrence over the whole family, the order of strength, and whether the last bin itself is up."""
    args = (tests["log_p"].to_numpy(), tests["last_expected"].to_numpy(), tests["family"].to_numpy())
    n_levels = int(tests["n_levels"].max()) if len(tests) else 1
    weight = np.clip(args[1] / np.maximum(args[2], 1e-12) / n_levels, 1e-15, 1.0)
    return tests.assign(
        recurrence_days=family_recurrence(*args, n_levels, bin_days),
        log_rank=args[0] - np.log(weight),
        rising=tests["last_observed"] > tests["last_expected"],
    )


def _evidence(log_p: np.ndarray) -> np.ndarray:
    return -log_p / (-log_p + np.log(30.0))


def _series(scores: Scores, observed: np.ndarray, bins: np.ndarray, valid: np.ndarray) -> pd.DataFrame:
    from scipy.stats import nbinom

    mean = scores.last_expected[:, 0]
    size = np.maximum(scores.last_size[:, 0], 1e-6)
    upper, lower = (nbinom.ppf(q, size, size / (size + np.maximum(mean, 1e-9))) for q in (0.975, 0.025))
    table = {"time": bins, "observed": observed, "expected": mean, "lower": lower, "upper": upper, "valid": valid}
    return pd.DataFrame(table)


def unit_series(
    counts: Counts,
    plan: Plan,
    valid: np.ndarray,
    unit: int,
    category: str,
    role: str,
    almanac: Almanac,
    last: int = 60,
) -> pd.DataFrame:
    """Observed, expected and upper bound of one unit and class over the *last* bins.

    Columns: time, observed, expected, lower, upper, valid.
    """
    recent = counts.since(first_needed(counts, plan, valid) - last)
    level = int(counts.cells.unit_level[unit])
    cube = recent.cube(category, level, role, measure="distinct").with_time_factors(
        almanac.of_class(counts, category, plan, valid), recent.first_bin - counts.first_bin
    )
    column = int(np.flatnonzero(counts.cells.rows_at(level, role) == unit)[0])
    siblings = np.flatnonzero(cube.parents == cube.parents[column])
    cube = cube.take_cells(siblings)
    column = int(np.flatnonzero(siblings == column)[0])
    scores = clone(plan.nb_predictive).fit(cube).score(cube)
    picked = Scores(**{name: getattr(scores, name)[:, [column]] for name in scores.__dataclass_fields__})
    return _series(picked, cube.counts[:, column], cube.bins, cube.valid).tail(last)
