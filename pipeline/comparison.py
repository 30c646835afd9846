"""Now against the weeks before (环比) and against last year (同比): every unit, honestly, and in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts
from ..layers.grids import full_name
from ..layers.grids.versions import changed_since
from ..models.comparison import Ratios, block_dispersion, exact_ratios, expected_fall, funnel_limits
from ..models.significance import benjamini_hochberg
from .comparison_words import PICKED, caveats_of, sentences
from .periods import KINDS, LAST_YEAR, Pairs, Steps, day_weights, pair_days, steps_of
from .points import only_described
from .preparation import Prepared
from .surveillance import visible_at
from .wording import city_name, lowest_described, street_level

_LEVEL = 0.05
_LEAST_EXPECTED = 1.0  # a funnel says nothing of units of which less is expected
_OWN_PAST = 26  # weeks before the earlier period from which a unit's own past says what is usual there


def year_on_year(
    ready: Prepared,
    unit: int,
    category: str,
    window: int | None = None,
    role: str | None = None,
    kind: str = LAST_YEAR,
    picked: bool = True,
) -> dict[str, Any]:
    """One unit (row of the cells) and class against a year before; JSON-able.

    window : days (weeks, where bins are weeks) up to the moment of decision, by default the plan's. kind : `last_year`
    or `previous_period`. picked : the unit is looked at because it is high now, as a warned one is: a rise is then told
    to look larger than it is. Keys: kind, now, before, change (a share, None where there is none), low, high, q_value,
    expected_change, verdict (`up`, `down`, `noise`, `not comparable`), sentence, sentence_en, caveats, caveats_en.
    """
    cells = ready.counts.cells
    level, own = int(cells.unit_level[unit]), role or str(cells.role[unit])
    table = compare_units(ready, category, level, own, kind, window)
    told = _as_dict(table[table["unit"] == unit].iloc[0])
    if picked and told["verdict"] == "up":
        for name, text in zip(("caveats", "caveats_en"), PICKED, strict=True):
            told[name].append(text)
    return told


def _as_dict(row: pd.Series) -> dict[str, Any]:
    number = lambda value: None if not np.isfinite(value) else round(float(value), 4)  # noqa: E731
    return {
        "kind": row["comparison"],
        "now": int(row["now"]),
        "before": int(row["before"]),
        **{name: number(row[name]) for name in ("change", "low", "high", "q_value", "expected_change")},
        **{name: row[name] for name in ("verdict", "sentence", "sentence_en")},
        **{name: [text for text in row[name].split(";") if text] for name in ("caveats", "caveats_en")},
    }


def year_on_year_facts(ready: Prepared) -> dict[str, Any]:
    """The figures strip's comparison of all incidents: the city's and each street's, by kind.

    {"city": {kind: dict}, "streets": [{cell_id, cell_name, kind: dict}, ...]}, dicts as `year_on_year` gives them.
    """
    street = street_level(ready.counts)
    city = {kind: _as_dict(compare_units(ready, ALL_CLASSES, 0, "territorial", kind).iloc[0]) for kind in KINDS}
    streets: dict[int, dict[str, Any]] = {}
    for kind in KINDS if street else ():
        for _, row in compare_units(ready, ALL_CLASSES, street, "territorial", kind).iterrows():
            own = streets.setdefault(int(row["unit"]), {"cell_id": row["cell_id"], "cell_name": row["cell_name"]})
            own[kind] = _as_dict(row)
    return {"city": city, "streets": list(streets.values())}


def comparison_table(ready: Prepared, category: str = "", window: int | None = None, finest: int = -1) -> pd.DataFrame:
    """Every unit of every level and role, both kinds, of *category* or (empty) of all classes and each top class.

    *finest* is the finest level wanted, -1 for all; classes that are only described stop at the street. The family of
    the false-discovery rate is all classes and units of one level and kind.
    """
    counts, described = ready.counts, lowest_described(ready.counts)
    describes_only = ready.privacy.policy.describes_only
    top = sorted({str(name).split("/")[0] for name in counts.table["category"].unique()})
    nodes = [category] if category else [ALL_CLASSES, *top]
    steps, parts = steps_of(ready), []
    for role in ("territorial", "sectoral"):
        for level in counts.cells.levels(role):
            if 0 <= finest < level:
                continue
            names = unit_names(ready, level, role)
            kept = [node for node in nodes if level <= described or not describes_only(node)]
            for kind in KINDS:
                tables = [_compared(ready, steps, names, node, level, role, kind, window) for node in kept]
                if tables:
                    parts.append(_over_all_classes(pd.concat(tables, ignore_index=True)))
    if not parts:
        raise only_described()
    return pd.concat(parts, ignore_index=True)


def _over_all_classes(table: pd.DataFrame) -> pd.DataFrame:
    return _told(table.assign(q_value=_q_values(table["p_value"], table["now"] + table["before"])))


@dataclass(frozen=True)
class _Sums:
    """Incidents of each unit: now, before, and in blocks of the past; exposures in ordinary whole days."""

    now: np.ndarray
    before: np.ndarray
    blocks: np.ndarray
    exposure: tuple[float, float]
    block_exposure: np.ndarray
    usual: np.ndarray
    basis: str


def compare_units(
    ready: Prepared, category: str, unit_level: int, role: str, kind: str, window: int | None = None
) -> pd.DataFrame:
    """The units of one level and role against each other's period before: one row per unit, in the order of cells.

    Columns: comparison, unit (row of the cells), unit_level, role, cell_id, cell_name, category, window_days, days,
    days_dropped, now, before, exposure_ratio, change, low, high, p_value, q_value (over the units), dispersion,
    verdict, why, expected_change (of a place picked because it was high: what it falls without any action), basis,
    funnel_expected, funnel_low, funnel_high (95 %), funnel_low3, funnel_high3 (99.8 %), funnel, sentence, sentence_en,
    caveats, caveats_en. Raises InputError for a class that may not be looked at on that level.
    """
    names = unit_names(ready, unit_level, role)
    return _told(_compared(ready, steps_of(ready), names, category, unit_level, role, kind, window))


def _compared(
    ready: Prepared,
    steps: Steps,
    names: Mapping[str, Any],
    category: str,
    unit_level: int,
    role: str,
    kind: str,
    window: int | None,
) -> pd.DataFrame:
    """`compare_units` without the verdict and the sentences, which may need a larger family of tests."""
    if unit_level > lowest_described(ready.counts) and ready.privacy.policy.describes_only(category):
        raise only_described()
    length = _window_of(ready, steps, window)
    pairs = pair_days(ready, steps, category, length, kind)
    sums = _sums(ready, steps, pairs, category, unit_level, role, length)
    spread = block_dispersion(sums.blocks, sums.block_exposure)
    if pairs.why:
        found = Ratios(*(np.full(len(sums.now), np.nan) for _ in range(5)))
    else:
        found = exact_ratios(sums.now, sums.before, *sums.exposure, spread.widened())
    p = np.where(np.isfinite(found.ratio), found.p_value, 1.0)
    table = pd.DataFrame(
        {
            **names,
            "comparison": kind,
            "category": category,
            "window_days": length * 7 // steps.per_week,
            "days": len(pairs.now),
            "days_dropped": sum(pairs.dropped.values()),
            "now": sums.now.astype(int),
            "before": sums.before.astype(int),
            "exposure_ratio": sums.exposure[0] / sums.exposure[1] if min(sums.exposure) > 0 else np.nan,
            "change": found.ratio - 1,
            "low": found.low - 1,
            "high": found.high - 1,
            "p_value": p,
            "q_value": _q_values(p, sums.now + sums.before),
            "dispersion": spread.value,
            "why": pairs.why,
            "expected_change": np.nan if pairs.why else expected_fall(sums.before, sums.usual, spread.value),
            "basis": sums.basis,
            **_funnel(sums, spread.value, bool(pairs.why)),
        }
    )
    table["areal"] = _dealt_out(ready, steps, pairs, unit_level, role)
    since = pd.Timestamp(steps.days[pairs.before.min()]) if len(pairs.before) else ready.as_of
    caveats = caveats_of(pairs, spread.learned, changed_since(ready.cells, since))
    return table.assign(caveats=";".join(caveats[0]), caveats_en=";".join(caveats[1]))


def _window_of(ready: Prepared, steps: Steps, window: int | None) -> int:
    days = ready.plan.window if window is None else window * 7 // steps.per_week
    return max(int(np.ceil(days * steps.per_week / 7)), 1)


def _sums(ready: Prepared, steps: Steps, pairs: Pairs, category: str, level: int, role: str, window: int) -> _Sums:
    counts = visible_at(ready.counts, level, _lowest(ready))
    city = grouped(counts, category, 0, "territorial", steps.bin_step, len(steps))[:, 0]
    weights = day_weights(steps, city) * steps.share
    length = max(window // steps.per_week, 1) * steps.per_week
    group = np.full(len(steps), -1, dtype=np.int64)
    past = steps.whole & (steps.festival == 0)
    n_blocks = int(np.ceil(len(steps) / length))
    group[past] = 2 + (n_blocks - 1 - (len(steps) - 1 - np.flatnonzero(past)) // length)
    group[np.arange(len(steps)) >= len(steps) - window] = -1
    group[pairs.before] = 1
    group[pairs.now] = 0
    found = grouped(counts, category, level, role, group[steps.bin_step], n_blocks + 2)
    exposure = np.bincount(group[group >= 0], weights=weights[group >= 0], minlength=n_blocks + 2)
    blocks, worth = found[2:], np.where(exposure[2:] >= length / 2, exposure[2:], 0.0)
    usual, basis = _usual(blocks, exposure, worth, pairs, length, n_blocks, len(steps), steps.per_week)
    return _Sums(found[0], found[1], blocks, (exposure[0], exposure[1]), worth, usual, basis)


def _usual(
    blocks: np.ndarray, exposure: np.ndarray, worth: np.ndarray, pairs: Pairs, length: int, n_blocks: int, n: int,
    per_week: int,
) -> tuple[np.ndarray, str]:  # fmt: skip
    """What each unit holds in as long a time as the earlier period: by its own past, else by the units of its level."""
    first = int(pairs.before.min()) if len(pairs.before) else 0
    end = n_blocks - 1 - (n - 1 - max(first - 1, 0)) // length
    earlier = np.arange(n_blocks) < end
    if worth[earlier].sum() >= _OWN_PAST * per_week:
        return blocks[earlier & (worth > 0)].sum(axis=0) / worth[earlier].sum() * exposure[1], "own past"
    total = blocks[worth > 0].sum()
    even = total / max(worth.sum(), 1e-9) * exposure[1] / max(blocks.shape[1], 1)
    return np.full(blocks.shape[1], even), "units of the level"


def grouped(
    counts: Counts,
    category: str,
    unit_level: int,
    role: str,
    group_of_bin: np.ndarray,
    n_groups: int,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """(n_groups, n_units) incidents of a class on one level by groups of bins; -1 belongs to no group.

    *kept* picks rows of the counts' table. Sums of the sparse table: nothing of the size of bins × units is made.
    """
    rows = counts.cells.rows_at(unit_level, role)
    inside = counts.in_class(category)
    table = counts.table[inside if kept is None else inside & kept]
    cell = table["cell"].to_numpy()
    place = np.full(len(counts.cells) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    column = np.where(counts.cells.role[cell] == role, place[counts.cells.lineage[cell, unit_level]], -1)
    group = group_of_bin[table["bin"].to_numpy() - counts.first_bin]
    inside = (column >= 0) & (group >= 0)
    flat = group[inside] * len(rows) + column[inside]
    weights = table["count"].to_numpy(float)[inside]
    return np.bincount(flat, weights=weights, minlength=n_groups * len(rows)).reshape(n_groups, len(rows))


def _lowest(ready: Prepared):  # type: ignore[no-untyped-def]
    described, finest = lowest_described(ready.counts), max(ready.counts.cells.levels())
    only = ready.privacy.policy.describes_only
    return lambda node: described if node != ALL_CLASSES and only(node) else finest


def unit_names(ready: Prepared, level: int, role: str) -> dict[str, Any]:
    """Columns unit (row of the cells), unit_level, role, cell_id and cell_name of the units of a level and role."""
    rows = ready.counts.cells.rows_at(level, role)
    return {
        "unit": rows,
        "unit_level": level,
        "role": role,
        "cell_id": ready.counts.cells.cell_id[rows],
        "cell_name": [city_name(ready)] if level == 0 else full_name(ready.cells.table).to_numpy()[rows],
    }


def _q_values(p: np.ndarray, total: np.ndarray) -> np.ndarray:
    """False-discovery rates over the units that had an incident at all: of others no test could say a thing."""
    p, q = np.asarray(p, dtype=float), np.ones(len(p))
    some = np.asarray(total) > 0
    if some.any():
        q[some] = benjamini_hochberg(p[some])
    return q


def _funnel(sums: _Sums, dispersion: np.ndarray, unknown: bool) -> dict[str, Any]:
    """Where each unit lies now against what its own past and the city's change together give."""
    expected = sums.usual * (sums.now.sum() / sums.usual.sum() if sums.usual.sum() > 0 else np.nan)
    names = ("funnel_expected", "funnel_low", "funnel_high", "funnel_low3", "funnel_high3", "funnel")
    if unknown or sums.basis != "own past" or len(expected) < 2 or not np.isfinite(expected).all():
        return {**dict.fromkeys(names[:-1], np.nan), "funnel": ""}
    limits = [*funnel_limits(expected, dispersion, 0.95), *funnel_limits(expected, dispersion, 0.998)]
    words = np.select(
        [sums.now > limits[3], sums.now < limits[2], sums.now > limits[1], sums.now < limits[0]],
        ["above 99.8 %", "below 99.8 %", "above 95 %", "below 95 %"],
        "inside",
    )
    words = np.where(expected >= _LEAST_EXPECTED, words, "")
    return dict(zip(names, (expected, *limits, words), strict=True))


def _dealt_out(ready: Prepared, steps: Steps, pairs: Pairs, level: int, role: str) -> np.ndarray:
    """(n_units,) whether incidents of the compared days lie there only by share of area, since cells were divided."""
    rows = ready.counts.cells.rows_at(level, role)
    versions = ready.cells.versions
    if versions is None or ready.plan.redivision != "areal" or not len(pairs.before):
        return np.zeros(len(rows), dtype=bool)
    known = versions.loc[versions["current"].to_numpy(), ["cell_id", "valid_from"]].dropna()
    since = dict(zip(known["cell_id"], known["valid_from"].to_numpy(dtype="datetime64[D]"), strict=True))
    own = ready.incidents[ready.incidents["by_code"].to_numpy(bool)]
    cell = own["sectoral" if role == "sectoral" else "cell"].to_numpy()
    day = pd.DatetimeIndex(own["time"]).tz_convert(ready.plan.timezone).tz_localize(None).to_numpy("datetime64[D]")
    start = np.array([since.get(str(name), np.datetime64("1900-01-01")) for name in ready.counts.cells.cell_id])
    estimated = (cell >= 0) & (day < start[np.maximum(cell, 0)]) & (day >= steps.days[pairs.before.min()])
    touched = ready.counts.cells.lineage[cell[estimated], level]
    return np.asarray(np.isin(rows, touched))


def _told(table: pd.DataFrame) -> pd.DataFrame:
    """The verdict by the false-discovery rate, and the sentences."""
    why = np.where((table["why"] == "") & table["areal"], "redivision", table["why"])
    clear = (table["q_value"] <= _LEVEL) & (why == "")
    verdict = np.select([why != "", clear & (table["change"] > 0), clear], ["not comparable", "up", "down"], "noise")
    table = table.assign(why=why, verdict=verdict)
    plain = ((table["why"] != "") | (table["now"] + table["before"] == 0)).to_numpy()
    said = np.empty((len(table), 2), dtype=object)
    for i, row in zip(np.flatnonzero(~plain), table[~plain].to_dict("records"), strict=True):
        said[i] = sentences(row)
    keys = table.loc[plain, ["comparison", "why"]].assign(now=0, before=0)
    words = {key: sentences(dict(zip(keys, key, strict=True))) for key in {*keys.itertuples(index=False, name=None)}}
    said[plain] = [words[key] for key in keys.itertuples(index=False, name=None)] or np.empty((0, 2), dtype=object)
    return table.assign(sentence=said[:, 0], sentence_en=said[:, 1])
