"""The past and the drill at the command line: what would have been warned, and how soon a surge would be found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asked import (
    inputs_and_plan,
    json_option,
    ledger_option,
    out_option,
    plan_option,
    preset_option,
    progress_option,
    replace_option,
    spoken,
)
from .command_words import FROM, REPLAY, TO
from .commands import gridbeacon
from .inputs import with_inputs
from .options import Command, Option, load_schema, repeat_option, with_settings
from .refusals import refusal
from .voice import Voice, print_json


def _day_option(name: str, english: str, chinese: str) -> Option:
    return Option([f"--{name}", f"{name}_day"], metavar="DATE", required=True, help=spoken(english, chinese))


@gridbeacon.command(
    cls=Command,
    help=spoken(*REPLAY["help"]),
    params=[
        _day_option("from", *FROM),
        _day_option("to", *TO),
        plan_option(),
        preset_option(),
        out_option(
            spoken(
                "Folder to write: replay.csv, days.csv, outages.csv, weeks.csv, replay.json.",
                "成果文件夹:replay.csv、days.csv、outages.csv、weeks.csv、replay.json。",
            ),
            required=True,
        ),
        replace_option(),
        json_option(),
        progress_option(),
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

    files, plan = inputs_and_plan(values)
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
        raised = {str(row.level): int(row.raised) for row in found.levels.itertuples()}
        numbers = {"moments": days, "outages": outages, "warnings": sum(raised.values()), **raised}
        done = {"out": str(out), "report": str(table), "replay": str(table), "warnings": numbers["warnings"]}
        voice.emit({"done": {**done, "numbers": numbers}})
    if as_json:
        print_json(manifest)


_DRILL = (
    (
        "strength",
        float,
        (3.0, 6.0, 10.0),
        "Sizes of a surge, in sd of the unit's own daily counts.",
        "突增强度(标准差倍数)。",
    ),
    ("where", str, ("city", "street", "cell"), "Kinds of place: city, street, cell.", "突增范围:city、street、cell。"),
    ("spans", int, (1, 3, 7), "Days a surge is spread over; drawn for each.", "突增天数,随机取其一。"),
)
"""Options that take several values: name, kind, default, help in both languages."""


def _several(name: str, kind: type, default: tuple[Any, ...], english: str, chinese: str) -> Option:
    return Option(
        [f"--{name}", name],
        type=kind,
        multiple=True,
        default=default,
        show_default=True,
        metavar="VALUE...",
        help=spoken(english, chinese),
    )


class DrillCommand(Command):
    """Takes every value up to the next option, for the options that have several."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give every value an option of its own, then parse as usual."""
        for name, *_ in _DRILL:
            args = repeat_option(args, f"--{name}")
        return super().parse_args(ctx, args)


@gridbeacon.command(
    cls=DrillCommand,
    help=spoken(
        "A drill: put synthetic surges into the city's own recent past and measure how soon its warnings find them.",
        "演练:在本市近期历史中注入合成突增,测量预警多久能发现。全部成果标注【演练】,不写入台账。",
    ),
    params=[
        *(_several(*facts) for facts in _DRILL),
        Option(
            ["--cases"],
            type=click.IntRange(1, 1000),
            default=12,
            show_default=True,
            help=spoken("Surges of each strength and kind of place.", "每种强度与范围的演练次数。"),
        ),
        Option(
            ["--stretch"],
            type=click.IntRange(28, 1500),
            default=182,
            show_default=True,
            help=spoken("Days at the end of the data that surges are put into.", "演练所用的末段天数。"),
        ),
        Option(
            ["--briefing"],
            is_flag=True,
            help=spoken(
                "Also the briefing of one day of the drill, in its folder briefing/.",
                "另生成演练中一天的晨报(文件夹briefing)。",
            ),
        ),
        plan_option(),
        ledger_option(),
        out_option(spoken("Folder to write; it must not exist yet.", "成果文件夹,须尚不存在。"), required=True),
        replace_option(),
        json_option(),
        progress_option(),
    ],
)
@click.pass_obj
def drill(voice: Voice, out: str, replace: bool, as_json: bool, progress: str, briefing: bool, **values: Any) -> None:
    """Drill and write the folder; a ledger is refused."""
    from ..layers.run_folder import RunFolder
    from ..pipeline.drill import DrillSettings, write_drill
    from ..pipeline.drill import drill as hold_drill
    from ..pipeline.journey import gather_inputs

    files, plan = inputs_and_plan(values)
    if values.get("ledger"):
        raise refusal("E-ASK-030", where="--ledger")
    sources = files.for_run()
    inputs = gather_inputs(**sources)
    RunFolder(out, replace=replace).check_place()
    lists = {name: tuple(values[name]) for name, *_ in _DRILL}
    settings = DrillSettings(**lists, cases=values["cases"], stretch=values["stretch"], random_state=plan.random_state)
    found = hold_drill(plan, inputs, settings, progress=voice.progress)
    manifest = write_drill(found, inputs, out, replace, briefing=briefing, responsible=sources["responsible"])
    _tell_drill(voice, found, Path(out), as_json, manifest)


with_inputs(drill)  # type: ignore[arg-type]
with_settings(load_schema()["run"]["params"])(drill)


def _tell_drill(voice: Voice, found: Any, out: Path, as_json: bool, manifest: dict[str, Any]) -> None:
    voice.close()
    mark = voice.pick("[DRILL] ", "【演练】")
    voice.say(mark + voice.pick(f"{len(found.cases)} surges of {found.asked} asked for", f"突增{len(found.cases)}次"))
    own = found.summary[found.summary["level"].isin(["yellow", "orange"])]
    for row in own.itertuples():
        delay = "-" if row.found == 0 else f"{row.delay_median:.0f}"
        english = f"  {row.where} {row.strength:g} sd: {row.level} or above {row.found} of {row.cases} "
        english += f"({row.low:.0%} to {row.high:.0%}), median delay {delay} d"
        chinese = f"  {row.where} {row.strength:g}倍标准差:{row.level}及以上{row.found}/{row.cases}"
        chinese += f"(95%区间{row.low:.0%}—{row.high:.0%}),中位延迟{delay}天"
        voice.say(mark + voice.pick(english, chinese))
    table = out / "drill.csv"
    voice.say(mark + voice.pick(f"drill: {table}", f"演练:{table}"))
    if voice.mode == "json":
        voice.emit({"done": {"out": str(out), "drill": str(table), "surges": len(found.cases)}})
    if as_json:
        print_json(manifest)
