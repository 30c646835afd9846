"""Calibration at the command line: how often chance lights a warning in this city, learned on its own history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asked import (
    inputs_and_plan,
    json_option,
    out_option,
    plan_option,
    preset_option,
    progress_option,
    replace_option,
    spoken,
)
from .commands import gridbeacon
from .inputs import with_inputs
from .options import Command, Option, load_schema, with_settings
from .refusals import refusal, trouble
from .voice import Voice, print_json


@gridbeacon.command(
    cls=Command,
    help=spoken(
        "Learn on the city's own history how often chance lights each level, and keep it for --calibration.",
        "用本市自己的历史校准:没有异常时,各级提示多久会碰巧出现一次;结果供 --calibration 使用。",
    ),
    params=[
        plan_option(),
        preset_option(),
        Option(
            ["--years"],
            type=click.FloatRange(min=1, max=10_000),
            default=40.0,
            show_default=True,
            help=spoken("Years without events to make and run.", "生成并检验的“无事年”总年数。"),
        ),
        Option(
            ["--target"],
            type=click.FloatRange(min=0, min_open=True),
            help=spoken(
                "Orange and red a week that chance may light; thresholds are solved for it.",
                "允许碰巧出现的红橙条数(每周合计),据此求解阈值。",
            ),
        ),
        out_option(spoken("File to write: calibration.json.", "写入的文件:calibration.json。"), required=True),
        replace_option(),
        json_option(),
        progress_option(),
    ],
)
@click.pass_obj
def calibrate(
    voice: Voice,
    years: float,
    target: float | None,
    out: str,
    replace: bool,
    as_json: bool,
    progress: str,
    **values: Any,
) -> None:
    """Make null histories, run the whole chain over each, write what was learned."""
    from ..pipeline.journey import gather_inputs
    from ..pipeline.null_histories import calibrate as learn
    from ..pipeline.preparation import prepare

    place = Path(out)
    if place.exists() and not replace:
        raise refusal("E-ASK-041", where=str(place))
    files, plan = inputs_and_plan(values)
    ready = prepare(plan.checked(), gather_inputs(**files.for_run()), lambda f, text: voice.progress(0.1 * f, text))
    told = lambda f: voice.progress(0.1 + 0.9 * f, "Years without events|检验无事年")  # noqa: E731
    found = learn(ready, years, target, told)
    beside = place.with_name(place.name + ".partial")
    try:
        beside.write_text(found.to_json(), encoding="utf-8", newline="\n")
        beside.replace(place)
    except OSError as error:
        raise trouble("E-ASK-042", where=place.name) from error
    _tell(voice, found, place, as_json)


with_inputs(calibrate)  # type: ignore[arg-type]
with_settings(load_schema()["run"]["params"])(calibrate)


def _tell(voice: Voice, found: Any, place: Path, as_json: bool) -> None:
    from ..layers.chance import false_words
    from ..pipeline.calibration import expected_of

    voice.close()
    content = found.content
    years, count = content["days"] / 365, content["histories"]
    voice.say(voice.pick(f"{years:.0f} years in {count} histories", f"{count}段无事历史,共{years:.0f}年"))
    for nominal, real in content["mapping"]:
        english = f"  called once in {nominal:.0f} days: once in {real:.0f} days"
        voice.say(voice.pick(english, f"  名义{nominal:.0f}天一次:实际约{real:.0f}天一次"))
    zh, en = false_words(expected_of(found))
    voice.say(voice.pick(en, zh))
    for name, value in content["thresholds"].items():
        voice.say(f"  {name} = {value:.0f}")
    voice.say(voice.pick(f"calibration: {place}", f"校准文件:{place}"))
    if voice.mode == "json":
        voice.emit({"done": {"out": str(place)}})
    if as_json:
        print_json({**content, "hash": found.hash})
