"""A real city's past replayed day by day, and the page that shows it.

    python benchmarks/replay.py --incidents CALLS --cells VILLAGES --folder FOLDER [--write]

Each year is replayed with a ledger of its own that begins empty, into FOLDER/YEAR; a year that is there already is read
and not replayed again. `--write` makes docs/replay-tainan.md from them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import click
import pandas as pd
from gridbeacon.layers.spreadsheets import read_guarded_csv
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.journey import gather_inputs
from gridbeacon.pipeline.replay import replay, write_replay
from gridbeacon.pipeline.replay.summary import reached

SPAN = ("2016-01-01", "2019-01-01")
EXTRA = ("2019-05-25", "2019-06-15")
"""A stretch more, for the last outage."""

EVENTS = (
    ("2016-02-06", "地震通報", "orange", "earthquake, 36 reports"),
    ("2016-07-08", "民生管線", "yellow", "typhoon Nepartak, 31 calls"),
    ("2016-09-14", "民生管線", "orange", "typhoon Meranti, 80 calls"),
    ("2016-09-27", "民生管線", "orange", "typhoon Megi, 113 and 83 calls on two days"),
    ("2018-08-25", "路燈故障", "yellow", "flood, 42 street lights out"),
)
"""What data/README.md lists: day, class, least level asked for on the day or the next, what it was."""

LEVELS = ("blue", "yellow", "orange", "red")


@click.command(help=__doc__)
@click.option("--incidents", multiple=True, required=True)
@click.option("--cells", required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--write", is_flag=True)
def main(incidents: tuple[str, ...], cells: str, folder: Path, write: bool) -> None:
    """Replay what is not there yet, and write the page."""
    inputs = gather_inputs(list(incidents), cells)
    plan = Plan().with_settings({"calendar": "tw", "timezone": "Asia/Taipei"})
    starts = pd.date_range(*SPAN, freq="YS")
    spans = [(f"{a:%Y-%m-%d}", f"{b:%Y-%m-%d}") for a, b in pairwise(starts)]
    for first, end in [*spans, EXTRA]:
        if not (folder / first[:4]).exists():
            write_replay(replay(plan, inputs, first, end), inputs, folder / first[:4])
    text = page([folder / first[:4] for first, _ in spans], folder / EXTRA[0][:4])
    if write:
        (Path(__file__).parents[1] / "docs" / "replay-tainan.md").write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def page(years: list[Path], extra: Path) -> str:
    """The page, from the folders of the years and of the stretch more."""
    warnings = pd.concat([table_of(year / "replay.csv") for year in years], ignore_index=True)
    days = pd.concat([table_of(year / "days.csv") for year in years], ignore_index=True)
    weeks = pd.concat([table_of(year / "weeks.csv") for year in years], ignore_index=True)
    outages = pd.concat([table_of(year / "outages.csv") for year in [*years, extra]], ignore_index=True)
    facts = json.loads((years[0] / "replay.json").read_text(encoding="utf-8"))
    parts = [
        HEAD,
        "## Warnings per level and week\n",
        *levels_of(weeks, facts),
        "\n## What truly happened\n",
        *events_of(warnings),
        "\n## Data outages\n",
        *outages_of(outages, days),
        "\n## Every warning, at its highest level\n",
        *list_of(warnings),
        TAIL,
    ]
    return "\n".join(parts)


def table_of(path: Path) -> pd.DataFrame:
    """A table of a replay's folder; times and numbers as such."""
    table = read_guarded_csv(path)
    for name in table.columns:
        if name in ("as_of", "week", "start", "end", "raised", "first_seen") and path.stem != "weeks":
            table[name] = pd.to_datetime(table[name])
        elif name == "within_budget":
            table[name] = table[name] == "True"
        elif name not in ("warning_id", "cell_id", "level", "data", "kind", "week"):
            table[name] = _numbers(table[name])
    return table


def _numbers(column: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(column.replace("", None))
    except (ValueError, TypeError):
        return column


def levels_of(weeks: pd.DataFrame, facts: dict) -> list[str]:
    """One row a level: raised, cut, per week, most, printed, allowed; then one row a half year."""
    span = weeks.drop_duplicates("week")["days"].sum() / 7
    rows = [
        "| level | warnings | cut by the budget | per week | most in a week | printed: at most, per week by chance |",
        "|---|---|---|---|---|---|",
    ]
    for level in reversed(LEVELS):
        own = weeks[weeks["level"] == level]
        rows.append(
            f"| {level} | {own['raised'].sum()} | {own['cut'].sum()} | {own['raised'].sum() / span:.2f} "
            f"| {own.groupby('week')['raised'].sum().max()} | {own['printed'].sum() / span:.3f} |"
        )
    budget = facts["budget"]
    urgent = weeks[weeks["level"].isin(["orange", "red"])]
    rows += [
        "",
        f"The budget allows {budget['city_per_day']} orange and red a day in the city ({7 * budget['city_per_day']} a "
        f"week) and {budget['street_per_week']} a week in one street. Issued were {urgent['issued'].sum()} in "
        f"{span:.0f} weeks, at most {urgent.groupby('week')['issued'].sum().max()} in one; "
        f"cut were {urgent['cut'].sum()}.",
        "",
        "| half year | red | orange | yellow | blue |",
        "|---|---|---|---|---|",
    ]
    half = pd.to_datetime(weeks["week"]).dt.year.astype(str) + [
        "-01" if m < 7 else "-07" for m in pd.to_datetime(weeks["week"]).dt.month
    ]
    for name, own in weeks.groupby(half):
        found = own.groupby("level")["raised"].sum()
        rows.append(f"| {name} | " + " | ".join(str(found[level]) for level in reversed(LEVELS)) + " |")
    return rows


def events_of(warnings: pd.DataFrame) -> list[str]:
    """What was said on the day (told at its end) and on the next of each listed event."""
    rows = ["| day | what | on the day | on the next day |", "|---|---|---|---|"]
    for day, category, _, what in EVENTS:
        said = [said_of(warnings, pd.Timestamp(day) + pd.Timedelta(days=1 + later), category) for later in (0, 1)]
        rows.append(f"| {day} | {what} | {said[0]} | {said[1]} |")
    return rows


def said_of(warnings: pd.DataFrame, as_of: pd.Timestamp, category: str) -> str:
    """The loudest warning of a class in the list of a moment of decision."""
    own = warnings[
        (warnings["as_of"] == as_of)
        & warnings["category"].str.startswith(category)
        & warnings["phase"].isin(["open", "escalated"])
    ]
    if own.empty:
        return "none"
    top = own.iloc[own["level"].map(LEVELS.index).argmax()]
    return f"**{top['level']}**: {top['cell_name']}, {top['category']}, {top['observed']} against {top['expected']:.1f}"


def outages_of(outages: pd.DataFrame, days: pd.DataFrame) -> list[str]:
    """Every outage with the day it was raised; how the days were told."""
    rows = [
        "| from | to | raised at the end of | days missing | complete between | incidents | usual a day |",
        "|---|---|---|---|---|---|---|",
    ]
    day = pd.Timedelta(days=1)
    for row in outages.drop_duplicates("start").itertuples():
        rows.append(
            f"| {row.start:%Y-%m-%d} | {row.end - day:%Y-%m-%d} | {row.raised - day:%Y-%m-%d} | {row.missing} "
            f"| {row.between} | {row.incidents} | {row.usual:.0f} |"
        )
    count = days["data"].value_counts()
    calm = days[(days["data"] != "complete") & ~days["said"].astype(str).str.contains("数据中断")]
    rows += [
        "",
        f"Of {len(days)} days {count.get('complete', 0)} were complete, {count.get('outage', 0)} outages and "
        f"{count.get('settling', 0)} within three days of one. On {len(calm)} of the latter two an empty list claimed "
        "calm.",
    ]
    return rows


def list_of(warnings: pd.DataFrame) -> list[str]:
    """Every warning at its highest level."""
    peaks = reached(warnings).merge(warnings, on=["warning_id", "level", "as_of", "within_budget"])
    rows = ["| told | level | where | class | observed | expected | budget |", "|---|---|---|---|---|---|---|"]
    for e in peaks.sort_values(["as_of", "rank"]).itertuples():
        kept = "" if e.within_budget else "cut"
        rows.append(
            f"| {e.as_of - pd.Timedelta(days=1):%Y-%m-%d} | {e.level} | {e.cell_name} | {e.category} | {e.observed} "
            f"| {e.expected:.1f} | {kept} |"
        )
    return rows


HEAD = """# A real city replayed

105,337 calls of the citizen hotline of Tainan (1999), 752 villages in 37 districts, every class at every level: about
90,000 tests a day. Every day from 2016-01-01 to 2018-12-31 is told as the run at its end would have told it: nothing
later is known; identity, change and the budget go on from day to day through a ledger (one a year, beginning empty).
The defaults and Taiwan's calendar; no calibration, so what is printed is a bound. The city gives no source, so caps and
confirmation by a second source play no part. Written with

    python benchmarks/replay.py --incidents CALLS --cells VILLAGES --folder FOLDER --write

`gridbeacon replay --from 2016-01-01 --to 2017-01-01 --calendar tw --timezone Asia/Taipei …` gives a year's tables.
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
