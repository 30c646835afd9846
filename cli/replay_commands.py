"""The past and the drill at the command line: what would have been warned, and how soon a surge would be found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .commands import (
    _inputs_and_plan,
    _json_option,
    _out_option,
    _plan_option,
    _progress_option,
    _replace_option,
    _text,
    gridbeacon,
)
from .inputs import with_inputs
from .options import Command, Option, load_schema, with_settings
from .voice import Voice, print_json


def _day_option(name: str, english: str, chinese: str) -> Option:
    return Option([f"--{name}", f"{name}_day"], metavar="DATE", required=True, help=_text(english, chinese))


@gridbeacon.command(
    cls=Command,
    help=_text(
        "What would have been warned, day by day, over a stretch of the past: each day knows nothing later.",
        "历史回放:逐日给出当时会发出的预警,每一天都只用当时已知的数据。",
    ),
    params=[
        _day_option("from", "First day, e.g. 2016-01-01.", "首日,如 2016-01-01。"),
        _day_option("to", "Day after the last, e.g. 2017-01-01.", "末日的次日,如 2017-01-01。"),
        _plan_option(),
        _out_option(
            _text(
                "Folder to write: replay.csv, days.csv, outages.csv, weeks.csv, replay.json.",
                "成果文件夹:replay.csv、days.csv、outages.csv、weeks.csv、replay.json。",
            ),
            required=True,
        ),
        _replace_option(),
        _json_option(),
        _progress_option(),
    ],
)
@click.pass_obj
def replay(
    voice: Voice, from_day: str, to_day: str, out: str, replace: bool, as_json: bool, progress: str, **values: Any
) -> None:
    """Replay and write the folder; no ledger is touched."""
    from ..layers.run_folder import RunFolder
    from ..pipeline.journey import gather_inputs
    from ..pipeline.replay import replay as replay_past
    from ..pipeline.replay import write_replay

    files, plan = _inputs_and_plan(values)
    sources = files.for_run()
    inputs = gather_inputs(**sources)
    RunFolder(out, replace=replace).check_place()
    responsible = sources["responsible"]
    found = replay_past(plan, inputs, from_day, to_day, responsible=responsible, progress=voice.progress)
    manifest = write_replay(found, inputs, out, replace)
    _tell_replay(voice, found, Path(out), as_json, manifest)


with_inputs(replay)  # type: ignore[arg-type]
with_settings(load_schema()["run"]["params"])(replay)


def _tell_replay(voice: Voice, found: Any, out: Path, as_json: bool, manifest: dict[str, Any]) -> None:
    voice.close()
    days, outages = len(found.days), len(found.outages)
    voice.say(
        voice.pick(f"{days} moments of decision, {outages} data outages", f"{days}个研判时点,数据中断{outages}次")
    )
    for row in found.levels.itertuples():
        english = f"  {row.level}: {row.raised} ({row.cut} cut), {row.per_week:.2f} a week, "
        english += f"by chance {row.printed_per_week:.2f}"
        chinese = f"  {row.level}:{row.raised}条(超出预算{row.cut}条),每周{row.per_week:.2f}条,"
        chinese += f"碰巧约{row.printed_per_week:.2f}条"
        voice.say(voice.pick(english, chinese))
    table = out / "replay.csv"
    voice.say(voice.pick(f"replay: {table}", f"回放:{table}"))
    if voice.mode == "json":
        voice.emit({"done": {"out": str(out), "replay": str(table), "warnings": int(found.levels["raised"].sum())}})
    if as_json:
        print_json(manifest)
