"""Injected clusters beside EARS C2, Farrington and plain thresholds, all on the same counts.

    python benchmarks/detection.py [--years 3] [--write]

A null year is 2025 of the sample city drawn anew with nothing in it (`null_years.py`); it is judged day by day, with
2024 as its past and, for Farrington, two more years of the same kind before that. Into it are put surges as in a drill:
3, 6 or 10 standard deviations of the unit's own daily counts of the class (and at least so many incidents), spread
over 1, 3 or 7 days, in the whole city, a street or a cell, class and unit those of an incident drawn at random. A surge
is found by an alarm of its class (or one above or below, but not of all classes together, which names nothing) at, in
or around its unit, from its first day until seven days after its last, that the same method did not give on that day
without it. The day counts from 0; a weekly method speaks at the end of the week.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from detection_peers import DAYS, PEERS, Scores, farrington, kin, scored, tested_nodes
from gridbeacon.cube import ALL_CLASSES, Counts, sum_counts
from gridbeacon.layers.privacy import read_policy
from gridbeacon.models.early_warning import LEVELS
from gridbeacon.models.early_warning.episodes import replay as walk
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.drill.detection import Alarm, proportion, rate, touches
from gridbeacon.pipeline.drill.settings import DrillSettings
from gridbeacon.pipeline.drill.surges import AFTER, APART, Surge, draw_surges, inject
from gridbeacon.pipeline.line import rules_in_line
from gridbeacon.pipeline.wording import lowest_described, street_level
from null_years import Town, tests_of

OWN = {"yellow": "GridBeacon, yellow or above", "orange": "GridBeacon, orange or above"}
FORMER = 104 * 7
"""Days that the years before the past are moved back by: whole weeks, so that weekdays stay."""


@dataclass
class Told:
    """What one method said of all null years: false alarms, and of each surge the delay (NaN: not found)."""

    false: int = 0
    delays: list[float] = field(default_factory=list)


def own_alarms(counts: Counts, plan: Plan) -> list[Alarm]:
    """The warnings of the stretch, by the chain a run goes through, before the budget."""
    rules = replace(rules_in_line(plan), replay=DAYS)
    episodes = walk(tests_of(counts, plan), counts, rules, bin_days=1.0)
    return [Alarm(e.category, {b: (s[0], s[2]) for b, s in e.seen.items()}) for e in episodes if e.seen]


def own_delay(counts: Counts, calm: Sequence[Alarm], alarms: Sequence[Alarm], surge: Surge, level: int) -> float:
    """Days until a warning of that level or above that is not there without the surge."""
    for day in range(surge.start, surge.start + surge.span + AFTER):
        seen = [_up_to(some, counts, surge, day, level) for some in (calm, alarms)]
        if seen[1] and not seen[0]:
            return float(day - surge.start)
    return np.nan


def _up_to(alarms: Sequence[Alarm], counts: Counts, surge: Surge, day: int, level: int) -> bool:
    loud = [a for a in alarms if a.seen.get(day, (-1, 0))[0] >= level]
    named = [a for a in loud if a.category != ALL_CLASSES]
    return any(touches(counts.cells, alarm, surge.unit, surge.node, day, day) for alarm in named)


def peer_delay(
    counts: Counts, calm: dict[Any, np.ndarray], loud: dict[Any, np.ndarray], surge: Surge, levels: Any, bound: float
) -> float:
    """Days until an alarm of a method at, in or around the surge's unit that is not there without the surge."""
    first, offset = counts.end_bin - DAYS, surge.start - (counts.end_bin - DAYS)
    days = slice(offset, min(surge.span + AFTER + offset, counts.end_bin - first))
    best = np.nan
    for key in kin(list(loud), surge.node):
        if key[0] in levels:
            rows = counts.cells.rows_at(key[0])
            own = int(counts.cells.unit_level[surge.unit])
            inside = (
                counts.cells.lineage[rows, own] == surge.unit
                if key[0] >= own
                else rows == counts.cells.lineage[surge.unit, key[0]]
            )
            new = (loud[key][days][:, inside] > bound) & ~(calm[key][days][:, inside] > bound)
            if new.any():
                best = np.fmin(best, float(new.any(axis=1).argmax()))
    return float(best)


def lowest_of(counts: Counts) -> Callable[[str], int]:
    """The finest level a class may be looked at on."""
    policy, finest, described = read_policy(None), max(counts.cells.levels()), lowest_described(counts)
    return lambda node: described if node != ALL_CLASSES and policy.describes_only(node) else finest


def with_former_years(counts: Counts, former: Counts) -> Counts:
    """*counts* behind two more years."""
    table = former.table.assign(bin=former.table["bin"] - FORMER, reported_bin=former.table["reported_bin"] - FORMER)
    table = table[table["bin"] < counts.first_bin]
    both = sum_counts(pd.concat([table, counts.table], ignore_index=True))
    return replace(counts, table=both, first_bin=int(table["bin"].min()))


@dataclass(frozen=True)
class Year:
    """A null year, without and with its surges."""

    calm: Counts
    drilled: Counts
    former: Counts
    surges: list[Surge]


def make_year(town: Town, number: int, plan: Plan, lowest: Callable[[str], int]) -> Year:
    """Null year *number* with 21 slots of 17 days, in each a surge of the city, of a street and of a cell."""
    counts = town.year(number)
    settings = DrillSettings(cases=7, random_state=number)
    length = max(settings.spans) + AFTER + APART
    starts = [counts.end_bin - DAYS + length * slot for slot in range(settings.cases * len(settings.strength))]
    taken: dict[int, set[str]] = {}

    def apart(unit: int, node: str, first: int, last: int) -> bool:
        """Surges of one slot are of different top classes, so that an alarm of one is not taken for another's."""
        top = node.split("/")[0]
        others = taken.setdefault(first, set())
        free = top not in others
        others.add(top)
        return free

    slots = [start for start in starts for _ in settings.where]
    surges = draw_surges(counts, slots, settings, plan.class_depth, lowest, apart)[0]
    return Year(counts, inject(counts, surges), town.year(10_000 + number), surges)


def own_method(years: Sequence[Year], plan: Plan) -> dict[str, Told]:
    """Our own warnings at yellow and at orange."""
    told = {name: Told() for name in OWN.values()}
    for year in years:
        calm, alarms = own_alarms(year.calm, plan), own_alarms(year.drilled, plan)
        for level, name in OWN.items():
            number = LEVELS.index(level)
            told[name].false += sum(alarm.peak >= number for alarm in calm)
            told[name].delays += [own_delay(year.calm, calm, alarms, surge, number) for surge in year.surges]
    return told


def peer_method(
    name: str,
    pairs: Sequence[tuple[Year, dict[Any, np.ndarray], dict[Any, np.ndarray]]],
    levels: dict[str, int],
    bounds: dict[str, tuple[tuple[int, ...], float]],
) -> dict[str, Told]:
    """A peer at some bounds: label -> (levels, bound)."""
    told = {}
    for label, (where, bound) in bounds.items():
        own = told[f"{name}, {label}"] = Told()
        for year, calm, loud in pairs:
            own.false += Scores(calm, year.calm).false_alarms(where, bound)
            own.delays += [peer_delay(year.calm, calm, loud, surge, where, bound) for surge in year.surges]
    return told


def bounds_of(
    pairs: Sequence[tuple[Year, dict[Any, np.ndarray], dict[Any, np.ndarray]]],
    levels: dict[str, int],
    wanted: dict[str, int],
) -> dict[str, tuple[tuple[int, ...], float]]:
    """The bounds at which a method has as many false alarms, on all levels together, as our own levels have."""
    every = tuple(levels.values())
    pooled = {(n, *key): scores for n, (_, calm, _) in enumerate(pairs) for key, scores in calm.items()}
    flat = Scores({(level, f"{n}/{node}"): scores for (n, level, node), scores in pooled.items()}, pairs[0][0].calm)
    return {f"false alarms as {name}": (every, flat.matched(every, most)) for name, most in wanted.items()}


def compared(years: Sequence[Year], plan: Plan, lowest: Callable[[str], int]) -> dict[str, Told]:
    """Every method, ours first."""
    counts = years[0].calm
    levels = {"city": 0, "street": street_level(counts), "cell": max(counts.cells.levels())}
    told = own_method(years, plan)
    wanted = {level: told[name].false for level, name in OWN.items()}
    tests = [test for test in tested_nodes(counts, plan.class_depth, lowest) if test[0] in levels.values()]
    default = lambda bound: {  # noqa: E731
        **{f"each {name}": ((level,), bound) for name, level in levels.items()},
        "all three": (tuple(levels.values()), bound),
    }
    for peer in PEERS:
        for careful in (False, True):
            score = peer.careful if careful else peer.score
            pairs = [(y, scored(y.calm, tests, score), scored(y.drilled, tests, score)) for y in years]
            bounds = bounds_of(pairs, levels, wanted) if careful else default(peer.bound)
            told |= peer_method(peer.name, pairs, levels, bounds)
            print(peer.name, careful, flush=True)
    pairs = []
    for year in years:
        long = with_former_years(year.calm, year.former)
        loud = with_former_years(year.drilled, year.former)
        first = year.calm.end_bin - DAYS
        days = [s.start - first + d for s in year.surges for d in range(0, s.span + AFTER, 7)]
        pairs.append((year, farrington(long, tests), farrington(loud, tests, days)))
    own = {**default(-np.log(0.01)), **bounds_of(pairs, levels, wanted)}
    return told | peer_method("Farrington flexible, weekly", pairs, levels, own)


def table_of(told: dict[str, Told], years: Sequence[Year]) -> pd.DataFrame:
    """One row per method: false alarms per 100 days, and for each kind of place the share found and the delay."""
    surges = [surge for year in years for surge in year.surges]
    rows = []
    for name, own in told.items():
        delays = np.array(own.delays)
        row: dict[str, Any] = {"method": name, "false": rate(own.false, DAYS * len(years))}
        for where in ("city", "street", "cell"):
            for strength in (3.0, 6.0, 10.0):
                picked = np.array([s.where == where and s.strength == strength for s in surges])
                found = ~np.isnan(delays[picked])
                row[f"{where} {strength:g}"] = proportion(int(found.sum()), int(picked.sum()))
        late = delays[~np.isnan(delays)]
        row["all"] = proportion(len(late), len(delays))
        row["delay"] = float(np.median(late)) if len(late) else np.nan
        row["day 0"] = float((delays == 0).mean())
        rows.append(row)
    return pd.DataFrame(rows)


def page(table: pd.DataFrame, years: int, surges: int) -> str:
    """docs/detection.md."""
    told = __doc__.split("\n\n")[2].replace("\n", " ")
    head = [
        "method",
        "false alarms per 100 days",
        *[f"{w} {k} sd" for w in ("city", "street", "cell") for k in (3, 6, 10)],
    ]
    head += ["all", "median delay, days"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in table.to_dict("records"):
        cells = [row["method"], f"{row['false'][0]:.1f} ({row['false'][1]:.1f}–{row['false'][2]:.1f})"]
        cells += [f"{100 * row[f'{w} {k}'][0]:.0f} %" for w in ("city", "street", "cell") for k in (3, 6, 10)]
        share, low, high = row["all"]
        cells += [f"{100 * share:.0f} % ({100 * low:.0f}–{100 * high:.0f})", f"{row['delay']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    text = f"# Detection: injected clusters\n\n`benchmarks/detection.py --years {years}`: {surges} surges. {told}\n\n"
    text += "![share found against false alarms](detection.png)\n\n" + "\n".join(lines) + "\n"
    return text + "\n" + READING + "\n\n" + beaten(table) + "\n"


READING = """\
A false alarm is a warning of a year in which nothing happens; of the peers, a run of alarms of one class and unit.
They test each class and unit by itself, so at their own limits they light hundreds to thousands in a hundred days, and
among so many nearly every surge has one: no share found is worth anything without the column beside it. The rows
*false alarms as yellow* and *as orange* put each peer's limit where it has no more of them than we have (EARS and
*mean + 3 sd* with a deviation of at least 1, since otherwise any count after a flat week is an alarm). Levels are those
before the budget, without a calibration. Each share of one place and size rests on few surges: read the column *all*,
which has its 95 % interval."""


def beaten(table: pd.DataFrame) -> str:
    """Where a peer finds more than we do at no more false alarms."""
    rows = table.set_index("method")
    told = []
    for level, own in OWN.items():
        for name in rows.index[rows.index.str.endswith(f"false alarms as {level}")]:
            better = [
                f"{place} {k} sd ({100 * rows.loc[name, f'{place} {k}'][0]:.0f} against {100 * ours:.0f} %)"
                for place in ("city", "street", "cell")
                for k in (3, 6, 10)
                if rows.loc[name, f"{place} {k}"][0] > (ours := rows.loc[own, f"{place} {k}"][0])
            ]
            if better:
                told.append(f"- {name}: {', '.join(better)}")
    return "Where a peer finds more at as few false alarms:\n\n" + ("\n".join(told) or "- nowhere.")


def draw(table: pd.DataFrame, path: Path) -> None:
    """Share of all surges found against false alarms, one mark a method and setting."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5))
    for (family, rows), mark in zip(
        table.groupby(lambda i: table["method"][i].split(",")[0], sort=False), "osD^v*", strict=False
    ):
        x = [max(value[0], 0.05) for value in rows["false"]]
        y = [value[0] for value in rows["all"]]
        below, above = ([v[0] - v[1] for v in rows["all"]], [v[2] - v[0] for v in rows["all"]])
        axes.errorbar(x, y, yerr=[below, above], fmt=mark, ms=7, lw=0.8, capsize=2, label=family)
    axes.set(
        xscale="log",
        xlabel="false alarms per 100 days (log)",
        ylabel="share of surges found",
        ylim=(0, 1),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Read the options, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="number of the first null year")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    plan, town = Plan(), Town.make()
    lowest = lowest_of(town.year(asked.first))
    years = [make_year(town, asked.first + number, plan, lowest) for number in range(asked.years)]
    table = table_of(compared(years, plan, lowest), years)
    text = page(table, asked.years, sum(len(year.surges) for year in years))
    print(text)
    if asked.write:
        docs = Path(__file__).parents[1] / "docs"
        (docs / "detection.md").write_text(text, encoding="utf-8")
        draw(table, docs / "detection.png")


if __name__ == "__main__":
    main()
