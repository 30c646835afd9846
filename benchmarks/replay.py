"""Warnings a city's own past would have given, beside what chance alone gives: `python benchmarks/replay.py --help`."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs
from gridbeacon.pipeline.replay import level_table, replay_episodes


@click.command()
@click.option("--incidents", multiple=True, required=True, help="Files of incidents.")
@click.option("--cells", required=True, help="File of cells.")
@click.option("--from", "first", required=True, help="First day, e.g. 2016-01-01.")
@click.option("--to", "end", required=True, help="Day after the last.")
@click.option("--calendar", default="cn", show_default=True, help="Region of days off and festivals: cn, tw or none.")
@click.option("--events", help="Table of what is known to have changed.")
@click.option("--block", default=100, show_default=True, help="Days a row of the table covers.")
@click.option("--out", type=click.Path(path_type=Path), help="Markdown file to write; default: the terminal.")
def main(
    incidents: tuple[str, ...],
    cells: str,
    first: str,
    end: str,
    calendar: str,
    events: str | None,
    block: int,
    out: Path | None,
) -> None:
    """Replay a stretch of the past, before any budget cut: warnings per block of days, and every one of them."""
    plan, inputs = Plan().with_settings({"calendar": calendar}), Inputs(incidents, cells, events=events)
    episodes, _ = replay_episodes(plan, inputs, first, end, lambda fraction, text: None)
    text = "\n".join([*_blocks(episodes, first, end, block), "", *_list(episodes), ""])
    if out:
        out.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def _blocks(episodes: pd.DataFrame, first: str, end: str, block: int) -> list[str]:
    plan = Plan()
    rows = ["| from | red | orange | yellow | blue | all |", "|---|---|---|---|---|---|"]
    for start in pd.date_range(first, end, freq=f"{block}D"):
        stop = start + pd.Timedelta(days=block)
        if stop <= pd.Timestamp(end):
            found = level_table(episodes, plan, str(start), str(stop))["found"]
            rows.append(f"| {start:%Y-%m-%d} | {' | '.join(str(n) for n in found)} | {found.sum()} |")
    whole = level_table(episodes, plan, first, end)
    for name, column in (("all, per 100 days", "per_100_days"), ("by chance, per 100 days", "expected")):
        rows.append(f"| {name} | {' | '.join(f'{n:.2f}' for n in whole[column])} | {whole[column].sum():.2f} |")
    return rows


def _list(episodes: pd.DataFrame) -> list[str]:
    rows = [
        "| first seen | level | where | class | days | observed | expected | steps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for e in episodes.itertuples():
        rows.append(
            f"| {e.first_seen:%Y-%m-%d} | {e.level} | {e.cell_name} | {e.category} | {e.window} | {e.observed} "
            f"| {e.expected:.1f} | {e.steps} |"
        )
    return rows


if __name__ == "__main__":
    main()
