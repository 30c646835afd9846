"""Two runs on one page, at the command line."""

from __future__ import annotations

from typing import Any

import click

from .asked import json_option, out_option, replace_option, spoken
from .commands import gridbeacon
from .options import Command
from .voice import Voice, print_json


@gridbeacon.command(
    cls=Command,
    help=spoken(
        "Put two runs on one page: draw the hand across the map to see the earlier one beneath the later one.",
        "把两次运行放在同一页上:左右拖动即可对比此前与本次。",
    ),
    params=[
        click.Argument(["before"], metavar="BEFORE"),
        click.Argument(["after"], metavar="AFTER"),
        out_option(spoken("HTML file to write.", "输出的HTML文件。"), required=True),
        replace_option(),
        json_option(),
    ],
)
@click.pass_obj
def compare(voice: Voice, before: str, after: str, out: str, replace: bool, as_json: bool) -> None:
    """BEFORE and AFTER are folders of runs, or their briefing.html."""
    from ..layers.briefing.compare import write_comparison
    from ..layers.whole_file import check_place

    changes: dict[str, Any] = write_comparison(check_place(out, replace), before, after)
    if as_json:
        print_json({"out": out, **changes})
    else:
        voice.say(
            spoken(
                f"{out}: {changes['new']} new, {changes['gone']} no longer, {changes['kept']} still",
                f"{out}:新增{changes['new']},不再提示{changes['gone']},仍在{changes['kept']}",
            )
        )
