"""Does a second model earn its share of the family? Planted surges in null years, scored by the whole chain.

    python benchmarks/second_model.py [--years 3] [--arm MODELS ...]

In each null year of the sample city (`null_years.py`) surges are planted in streets, every 21 days one: in turn one of
one day (eight further incidents of one matter), of three days (four a day) and of 28 days (one a day). Found is a surge
when an episode of its place and class, yellow or more, begins between its first day and the day after its last; the
delay counts from its first day. What belongs to no surge is false.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from gridbeacon.cube import ALL_CLASSES, Counts, sum_counts
from gridbeacon.models.early_warning.episodes import Episode, replay
from gridbeacon.models.early_warning.phenomena import same_branch, same_place
from gridbeacon.pipeline import Plan
from null_years import DAYS, Town, tests_of

KINDS = {"one day": (1, 8), "three days": (3, 4), "four weeks": (28, 1)}
ARMS = (
    "nb_predictive",
    "nb_predictive=0.9,nb_cusum=0.1",
    "nb_predictive=0.9,ears=0.1",
    "nb_predictive=0.9,bayes=0.1",
)
APART, YELLOW = 21, 1
FIRST_YEAR = 900


@dataclass(frozen=True)
class Surge:
    """What was planted: *kind* of `KINDS` in a street (row of the cells) and a class, from bin *first* on."""

    kind: str
    street: int
    category: str
    first: int

    @property
    def last(self) -> int:
        """The last bin."""
        return self.first + KINDS[self.kind][0] - 1


def planted(counts: Counts, number: int) -> tuple[Counts, list[Surge]]:
    """*counts* with surges in the last `DAYS` bins."""
    rng = np.random.default_rng([number, 7])
    cells, table = counts.cells, counts.table
    streets = cells.rows_at(2)
    leaves = sorted({name for name in table["category"].unique() if name.count("/") == 2})
    surges, rows = [], []
    for k, first in enumerate(range(counts.end_bin - DAYS + 7, counts.end_bin - 35, APART)):
        kind, street, leaf = list(KINDS)[k % 3], int(rng.choice(streets)), str(rng.choice(leaves))
        inside = np.flatnonzero((cells.lineage[:, 2] == street) & (cells.unit_level == 4))
        length, extra = KINDS[kind]
        for day in range(first, first + length):
            at = rng.choice(inside, extra)
            rows.append(pd.DataFrame({"category": leaf, "cell": at, "bin": day, "source": rng.choice(SOURCES, extra)}))
        surges.append(Surge(kind, street, leaf.rsplit("/", 1)[0], first))
    more = pd.concat(rows).assign(kind="handled", count=1, severity_sum=1.0, distinct=1)
    more["reported_bin"] = more["bin"]
    return replace(counts, table=sum_counts(pd.concat([table, more], ignore_index=True))), surges


SOURCES = ("12345热线", "110接警", "网格巡查")


def matching(episodes: list[Episode], surge: Surge, counts: Counts) -> Iterator[Episode]:
    """Episodes of the surge's place and class that began while it lasted, or the day after."""
    for episode in episodes:
        if surge.first <= episode.first_bin <= surge.last + 1 and episode.loudest is not None:
            for test in episode.loudest.tests:
                near = same_place(counts.cells, test.unit, surge.street, neighbours=False)
                if near and test.category != ALL_CLASSES and same_branch(test.category, surge.category):
                    yield episode
                    break


def score(town: Town, models: str, numbers: range) -> dict[str, float]:
    """Shares found and delays by kind, false episodes a year of yellow or more."""
    rules = replace(Plan().early_warning, models=models)
    plan = replace(Plan(), early_warning=rules)
    told: dict[str, list[float]] = {kind: [] for kind in KINDS}
    false = 0
    for number in numbers:
        counts, surges = planted(town.year(number), number)
        long = replace(rules, replay=DAYS)
        found = [e for e in replay(tests_of(counts, plan), counts, long, bin_days=1.0) if e.peak >= YELLOW]
        owned: set[int] = set()
        for surge in surges:
            mine = list(matching(found, surge, counts))
            owned |= {id(e) for e in mine}
            told[surge.kind].append(min((e.first_bin - surge.first + 1 for e in mine), default=np.nan))
        false += sum(id(e) not in owned for e in found)
    line: dict[str, float] = {}
    for kind, delays in told.items():
        line[f"{kind}: found, %"] = 100 * float(np.mean(~np.isnan(delays)))
        line[f"{kind}: day"] = float(np.nanmean(delays)) if not np.isnan(delays).all() else np.nan
    return {**line, "false a year": false / len(numbers)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--arm", nargs="*", default=list(ARMS))
    asked = parser.parse_args()
    town, head = Town.make(), False
    for arm in asked.arm:
        found = score(town, arm, range(FIRST_YEAR, FIRST_YEAR + asked.years))
        if not head:
            print("| models | " + " | ".join(found) + " |\n|---|" + "---|" * len(found))
        head = True
        print(f"| `{arm}` | " + " | ".join(f"{value:.3g}" for value in found.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
