"""A real city's past replayed, and the page that shows it.

    python benchmarks/replay.py --incidents CALLS --cells VILLAGES [--folder FOLDER] [--write]

Three things of 2016 to 2018: the warnings of every day in one pass, before the budget; the days on which something
truly happened, each as a run of that day told it; every data outage and when it was said. With `--folder`, the three
years day by day too, as runs with a ledger a year would have gone, budget and all: each into FOLDER/YEAR, and read from
there if it is there already. `--write` makes docs/replay-tainan.md.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import pandas as pd
from gridbeacon.layers.spreadsheets import read_guarded_csv
from gridbeacon.models.anomaly import find_outages
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.calibration import expected_false_of
from gridbeacon.pipeline.journey import gather_inputs
from gridbeacon.pipeline.preparation import Inputs
from gridbeacon.pipeline.replay import Known, replay, replay_episodes, write_replay
from gridbeacon.pipeline.replay.known import cut
from gridbeacon.pipeline.replay.outages import OutageLog

SPAN, LAST = ("2016-01-01", "2019-01-01"), "2019-06-15"
EVENTS = (
    ("2016-02-06", "地震通報", "earthquake, 36 reports"),
    ("2016-07-08", "民生管線", "typhoon Nepartak, 31 calls"),
    ("2016-09-14", "民生管線", "typhoon Meranti, 80 calls"),
    ("2016-09-27", "民生管線", "typhoon Megi, 113 calls"),
    ("2016-09-28", "民生管線", "typhoon Megi, 83 calls"),
    ("2018-08-25", "路燈故障", "flood, 42 street lights out"),
)
"""What data/README.md lists: day, class, what it was."""

WINDOWS = (
    ("2016-02-06", "2016-02-08"),
    ("2016-07-08", "2016-07-10"),
    ("2016-09-14", "2016-09-16"),
    ("2016-09-27", "2016-09-30"),
    ("2018-08-25", "2018-08-27"),
)
"""The days of these events and the next, replayed each with a ledger of its own."""

LEVELS = ("red", "orange", "yellow", "blue")
DAY = pd.Timedelta(days=1)


@click.command(help=__doc__)
@click.option("--incidents", multiple=True, required=True)
@click.option("--cells", required=True)
@click.option("--folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True)
def main(incidents: tuple[str, ...], cells: str, folder: Path | None, write: bool) -> None:
    """Measure and write the page."""
    inputs = gather_inputs(list(incidents), cells)
    plan = Plan().with_settings({"calendar": "tw", "timezone": "Asia/Taipei"})
    episodes, _ = replay_episodes(plan, inputs, *SPAN, lambda fraction, text: None)
    told = pd.concat([replay(plan, inputs, first, end).warnings for first, end in WINDOWS])
    outages, days = outages_said(plan, inputs)
    parts = [HEAD, *levels_of(episodes, plan), *events_of(told), *outages_of(outages, days)]
    if folder:
        parts += day_by_day(plan, inputs, folder)
    text = "\n".join([*parts, *list_of(episodes), TAIL])
    if write:
        (Path(__file__).parents[1] / "docs" / "replay-tainan.md").write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def levels_of(episodes: pd.DataFrame, plan: Plan) -> list[str]:
    """Warnings per level and week beside what is printed, and the busiest day against the budget."""
    weeks = (pd.Timestamp(SPAN[1]) - pd.Timestamp(SPAN[0])) / DAY / 7
    printed = expected_false_of(plan, None)
    week = episodes["first_seen"].dt.to_period("W-SUN")
    rows = [
        "## Warnings per level and week\n",
        "| level | warnings | per week | most in a week | printed: at most, per week, by chance |",
        "|---|---|---|---|---|",
    ]
    for level in LEVELS:
        own = episodes["level"] == level
        most = week[own].value_counts().max() if own.any() else 0
        rows.append(f"| {level} | {own.sum()} | {own.sum() / weeks:.2f} | {most} | {printed[level]['per_week']:.3f} |")
    urgent = episodes[episodes["level"].isin(["orange", "red"])]
    a_day = urgent["first_seen"].value_counts()
    rules = plan.early_warning
    rows += [
        "",
        f"The budget allows {rules.city_per_day} orange and red a day in the city. There began at most {a_day.max()} "
        f"on one day, and more than {rules.city_per_day} on {int((a_day > rules.city_per_day).sum())} days.",
        "",
        "| half year | red | orange | yellow | blue |",
        "|---|---|---|---|---|",
    ]
    half = episodes["first_seen"].map(lambda t: f"{t.year}, {'January to June' if t.month < 7 else 'July to December'}")
    for name, own in episodes.groupby(half):
        rows.append(f"| {name} | " + " | ".join(str((own["level"] == level).sum()) for level in LEVELS) + " |")
    return rows


def events_of(told: pd.DataFrame) -> list[str]:
    """What was said at the end of the day of each listed event, and at the end of the next."""
    rows = [
        "\n## What truly happened\n",
        "As the runs of these days told it, with a ledger that begins on the first of them.\n",
        "| day | what | at its end | a day later |",
        "|---|---|---|---|",
    ]
    for day, category, what in EVENTS:
        said = [said_of(told, pd.Timestamp(day) + later * DAY, category) for later in (1, 2)]
        rows.append(f"| {day} | {what} | {said[0]} | {said[1]} |")
    return rows


def said_of(told: pd.DataFrame, as_of: pd.Timestamp, category: str) -> str:
    """The loudest warning of a class in the list of a moment of decision."""
    alive = told["phase"].isin(["open", "escalated"])
    own = told[(told["as_of"] == as_of) & told["category"].str.startswith(category) & alive]
    if own.empty:
        return "none"
    top = own.iloc[own["level"].map(LEVELS.index).argmin()]
    return f"**{top['level']}**: {top['cell_name']}, {top['category']}, {top['observed']} against {top['expected']:.1f}"


def outages_said(plan: Plan, inputs: Inputs) -> tuple[pd.DataFrame, pd.Series]:
    """Every outage with when it was first said, and how the data of each day were called."""
    end = pd.Timestamp(LAST)
    last = Known(plan, inputs, lambda fraction, text: None, (end, end)).at(end)
    total = last.counts.cube(unit_level=0).counts[:, 0]
    log, said = OutageLog(np.datetime64(SPAN[0])), {}
    for as_of in pd.date_range(SPAN[0], LAST)[1:]:
        then = cut(last, as_of)
        said[as_of] = log.see(replace(then, valid=~find_outages(total[: len(then.counts.bins)])))
    return log.table(), pd.Series(said)


def outages_of(outages: pd.DataFrame, days: pd.Series) -> list[str]:
    """One row an outage."""
    rows = [
        "\n## Data outages\n",
        "| from | to | said at the end of | days missing | complete between | incidents | usual a day |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in outages.itertuples():
        rows.append(
            f"| {row.start:%Y-%m-%d} | {row.end - DAY:%Y-%m-%d} | {row.raised - DAY:%Y-%m-%d} | {row.missing} "
            f"| {row.between} | {row.incidents} | {row.usual:.0f} |"
        )
    count = days.value_counts()
    told = (
        f"\nOf {len(days)} days {count['complete']} were complete, {count['outage']} outages and {count['settling']} "
        "within three days of one. On none of the latter two does an empty list say that all is calm: it says 数据中断."
    )
    return [*rows, told, f"\n{NOTE}"]


def day_by_day(plan: Plan, inputs: Inputs, folder: Path) -> list[str]:
    """The three years as runs with a ledger a year would have gone, beside the budget."""
    starts = [f"{day:%Y-%m-%d}" for day in pd.date_range(*SPAN, freq="YS")]
    for first, end in pairwise(starts):
        if not (folder / first[:4]).exists():
            write_replay(replay(plan, inputs, first, end), inputs, folder / first[:4])
    weeks = pd.concat([read_guarded_csv(folder / first[:4] / "weeks.csv") for first in starts[:-1]])
    numbers = weeks[["raised", "issued", "cut"]].astype(int).assign(level=weeks["level"], week=weeks["week"])
    rows = ["\n## Day by day, with the budget\n", "| level | warnings | issued | cut | most issued in a week |"]
    rows.append("|---|---|---|---|---|")
    for level in LEVELS:
        own = numbers[numbers["level"] == level]
        most = own.groupby("week")["issued"].sum().max()
        rows.append(f"| {level} | {own['raised'].sum()} | {own['issued'].sum()} | {own['cut'].sum()} | {most} |")
    return rows


def list_of(episodes: pd.DataFrame) -> list[str]:
    """Every warning at its highest level."""
    rows = [
        "\n## Every warning\n",
        "| first seen | level | where | class | days | observed | expected | steps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for e in episodes.itertuples():
        rows.append(
            f"| {e.first_seen:%Y-%m-%d} | {e.level} | {e.cell_name} | {e.category} | {e.window} | {e.observed} "
            f"| {e.expected:.1f} | {e.steps} |"
        )
    return rows


NOTE = """\
The partial outage of early 2018 has no sharp beginning: 2018-01-22 to 25 hold 62 to 142 calls, the 26th and 28th are
the first to collapse, and from the 31st nearly every day does until April. The days between that look complete are
within three days of a missing one, so that no list of theirs claims calm either."""

HEAD = """# A real city replayed

105,337 calls of the citizen hotline of Tainan (1999), 752 villages in 37 districts, every class at every level: about
90,000 tests a day, each day of 2016 to 2018 against the days before it only. The defaults and Taiwan's calendar; no
calibration, so what is printed is a bound. The city gives no source, so caps and confirmation by a second source play
no part. Written with

    python benchmarks/replay.py --incidents CALLS --cells VILLAGES --write

The first table and the list at the end are one pass over the three years before any budget: a warning counts once, at
its highest level; classes and outages that were recognised later are known from the start. The days that follow are
told exactly as runs told them, and `gridbeacon replay --from 2016-01-01 --to 2019-01-01 --calendar tw --timezone
Asia/Taipei …` tells all of them so, budget and ledger included (docs/replay.md).
"""

TAIL = """
## How far to believe these figures

They are in-sample: how festivals, past surges and sparse places are treated was chosen while looking at this city's
past, and no stretch of it was held out. *By chance* is what the tests give where nothing happens; in these years there
were typhoons, an earthquake, outages of the hotline and of its geocoder, and addresses from which people called every
day for a week.
"""

if __name__ == "__main__":
    main()
