"""A briefing on paper, at the command line."""

from __future__ import annotations

import click

from .asked import json_option, out_option, replace_option, spoken
from .commands import gridbeacon
from .options import Command, Option
from .voice import Voice, print_json


@gridbeacon.command(
    "print",
    cls=Command,
    help=spoken(
        "Print a briefing by the Chromium or Edge of this machine: A3 as PDF, and its first sheet as a picture.",
        "用本机的Chromium或Edge打印晨报:A3的PDF,以及首页地图的PNG图片。",
    ),
    params=[
        click.Argument(["source"], metavar="RUN"),
        out_option(
            spoken(
                "Folder for briefing.pdf and map.png; by default the briefing's own.",
                "briefing.pdf与map.png的存放文件夹;默认与晨报相同。",
            )
        ),
        Option(
            ["--browser"],
            metavar="PROGRAM",
            help=spoken("The Chromium or Edge to use, where it is not found.", "指定所用的Chromium或Edge程序。"),
        ),
        replace_option(),
        json_option(),
    ],
)
@click.pass_obj
def print_run(voice: Voice, source: str, out: str | None, browser: str | None, replace: bool, as_json: bool) -> None:
    """RUN is the folder of a run, or a briefing.html."""
    from ..pipeline.printing import print_briefing

    made = print_briefing(source, out, browser=browser, replace=replace)
    if as_json:
        print_json({"pdf": str(made[0]), "map": str(made[1])})
    else:
        for path in made:
            voice.say(str(path))
