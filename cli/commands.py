"""The commands: options in, engine called, words out. Heavy packages load only when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asked import (
    NEW_FOLDER,
    basemap_options,
    calibration_option,
    catch_up_option,
    inputs_and_plan,
    json_option,
    ledger_option,
    log_option,
    out_option,
    plan_option,
    preset_option,
    progress_option,
    public_option,
    repair_option,
    replace_option,
    spoken,
)
from .command_words import CHECK, RUN
from .inputs import Files, dated_folder, of_options, with_inputs
from .options import Command, Option, given, load_schema, with_settings
from .refusals import refusal
from .voice import Voice, print_json

EPILOG = (
    "Two files are enough: gridbeacon run --incidents calls.csv --cells grid.gpkg --out report",
    "两个文件即可:gridbeacon run --incidents 工单.csv --cells 网格.gpkg --out 晨报",
)


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"gridbeacon {load_schema()['version']}")
        ctx.exit()


@click.group(
    help=spoken(
        "Where a city's incidents pile up, where they are unusual, and which few places deserve attention today.",
        "城市事件在哪里聚集、哪里异常、今天哪几处值得关注。",
    ),
    epilog=spoken(*EPILOG),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=spoken("Show the version.", "显示版本。"),
)
def gridbeacon() -> None:
    """The commands of GridBeacon."""


@gridbeacon.command(
    cls=Command,
    help=spoken(*RUN["help"]),
    epilog=spoken(*EPILOG),
    params=[
        plan_option(),
        preset_option(),
        out_option(NEW_FOLDER),
        ledger_option(),
        public_option(),
        calibration_option(),
        *basemap_options(),
        catch_up_option(),
        log_option(),
        repair_option(),
        replace_option(),
        json_option(),
        progress_option(),
    ],
)
@click.pass_obj
def run(voice: Voice, as_json: bool, replace: bool, progress: str, **values: Any) -> None:
    """Run everything and write the folder."""
    from .report import tell_outcome

    if values.get("plan") and not values.get("out"):
        from .watch_commands import run_watched, tell_watched

        tell_watched(voice, run_watched(voice, values, lambda: inputs_and_plan(values), replace), as_json)
        return
    inputs, plan = inputs_and_plan(values)
    outcome = _run(voice, inputs, plan, replace)
    tell_outcome(voice, outcome, as_json)


with_inputs(run)  # type: ignore[arg-type]
with_settings(load_schema()["run"]["params"])(run)


def _run(voice: Voice, inputs: Files, plan: Any, replace: bool) -> Any:
    from ..pipeline import run as run_plan

    sources = inputs.for_run()
    out = inputs.out or dated_folder(inputs.runs, plan.as_of)
    facts = {"out": out, "ledger": inputs.ledger, "record": inputs.last_import(), "replace": replace}
    facts |= {"public": inputs.public, "calibration": inputs.calibration, "basemap": inputs.beneath()}
    return run_plan(plan, **sources, **facts, progress=voice.progress)


@gridbeacon.command(
    cls=Command,
    help=spoken(
        "Show what a run does: the main job on the sample city that comes with GridBeacon.",
        "用自带的示例城市演示完整流程。",
    ),
    params=[
        out_option(
            spoken("Folder to write; an earlier demo is replaced.", "成果文件夹;先前的演示会被替换。"),
            default="out/demo",
            show_default=True,
        ),
        ledger_option(),
        json_option(),
        progress_option(),
    ],
)
@click.pass_obj
def demo(voice: Voice, out: str, ledger: str | None, as_json: bool, progress: str) -> None:
    """Run the sample city; its own earlier folder is replaced."""
    from .report import tell_outcome
    from .sample import sample_inputs

    inputs, plan = sample_inputs(out, ledger)
    tell_outcome(voice, _run(voice, inputs, plan, replace=True), as_json)


@gridbeacon.command(
    cls=Command,
    help=spoken(*CHECK["help"]),
    params=[
        plan_option(),
        preset_option(),
        out_option(
            spoken(
                "Folder for the report: quality.html and quality.json.", "体检报告文件夹:quality.html与quality.json。"
            )
        ),
        Option(
            ["--against"],
            metavar="FILE",
            help=spoken(
                "Record of the last import to compare with; by default the one beside the plan or the ledger.",
                "与上次导入的记录比较;默认取方案或台账旁的记录。",
            ),
        ),
        Option(
            ["--save-mapping"],
            is_flag=True,
            help=spoken(
                "Write the columns and renamed classes into the plan file, for the runs to come.",
                "将字段对应与类别改名写入方案文件,供以后使用。",
            ),
        ),
        Option(
            ["--accept-renamed"],
            is_flag=True,
            help=spoken(
                "With --save-mapping: also the classes that the comparison proposes as renamed.",
                "与 --save-mapping 同用:比较所提示的疑似改名类别一并写入。",
            ),
        ),
        repair_option(),
        replace_option(),
        json_option(),
        progress_option(),
    ],
)
@click.pass_obj
def check(
    voice: Voice,
    as_json: bool,
    progress: str,
    against: str | None,
    save_mapping: bool,
    accept_renamed: bool,
    replace: bool,
    **values: Any,
) -> None:
    """Read, map and account; no model runs. Only what is asked for is written."""
    from .checking import run_check

    inputs, plan = inputs_and_plan(values)
    if inputs.repair and not values.get("out"):
        raise refusal("E-ASK-002", where="--repair")
    save_to = _plan_to_save(values, save_mapping)
    if accept_renamed and not save_to:
        raise refusal("E-ASK-003", where="--accept-renamed")
    facts = {"out": values.get("out"), "against": against, "save_to": save_to, "accept": accept_renamed}
    run_check(voice, inputs, plan, **facts, replace=replace, as_json=as_json)


def _plan_to_save(values: dict[str, Any], wanted: bool) -> str | None:
    if wanted and not values.get("plan"):
        raise refusal("E-ASK-004", where="--save-mapping")
    return values["plan"] if wanted else None


with_inputs(check)  # type: ignore[arg-type]
with_settings(load_schema()["run"]["params"])(check)


class Steps(click.Group):
    """One command per step of the schema."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """`-h` and `--help`, also where the group is called by itself."""
        return ["-h", "--help"]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The steps, in the schema's order."""
        return list(load_schema()["steps"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one step, built from its entry."""
        entry = load_schema()["steps"].get(cmd_name)
        return _step_command(cmd_name, entry) if entry else None


@gridbeacon.group(cls=Steps, help=spoken("Run a single step and write its table.", "单独运行一个步骤并输出其结果表。"))
def step() -> None:
    """Single steps."""


def _step_command(name: str, entry: dict[str, Any]) -> Command:
    @click.pass_obj
    def call(voice: Voice, as_json: bool, progress: str, out: str, replace: bool, **values: Any) -> None:
        from .report import tell_step
        from .steps import run_step

        settings = given(values, entry["params"])
        tell_step(voice, run_step(name, of_options(values), settings, out, replace, voice.progress), as_json)

    suffixes = ", ".join(entry["outputs"])
    out = out_option(spoken(f"File to write ({suffixes}).", f"输出文件({suffixes})。"), required=True)
    command = Command(
        name,
        callback=call,
        help=spoken(entry["help"], entry["help_zh"]),
        params=[
            out,
            *([ledger_option()] if "ledger" in entry["inputs"] else []),
            replace_option(),
            json_option(),
            progress_option(),
        ],
    )
    return with_settings(entry["params"])(with_inputs(command))  # type: ignore[return-value]


@gridbeacon.command(
    cls=Command,
    help=spoken(
        "Look at this machine: versions, disk, coordinate data, fonts, and a run on tiny data.",
        "检查本机:版本、磁盘、坐标数据、字体,并做一次小规模自检。",
    ),
    params=[
        Option(
            ["--quick"],
            is_flag=True,
            help=spoken("Leave out the run on tiny data.", "不做小规模自检。"),
        ),
        json_option(),
    ],
)
@click.pass_obj
def doctor(voice: Voice, quick: bool, as_json: bool) -> int:
    """Exit code 4 if something a run needs is missing."""
    from .doctor import examine
    from .report import tell_health

    return tell_health(voice, examine(quick), as_json)


@gridbeacon.command(
    cls=Command,
    help=spoken("List the models, what they answer, and their settings.", "列出模型、用途与参数。"),
    params=[json_option()],
)
@click.pass_obj
def models(voice: Voice, as_json: bool) -> None:
    """The registry, from the schema."""
    from .report import tell_models

    tell_models(voice, load_schema()["models"], as_json)


@gridbeacon.command(
    cls=Command,
    help=spoken("Print every setting, model and step as JSON.", "以JSON列出全部设置、模型与步骤。"),
    params=[
        Option(
            ["--write"],
            is_flag=True,
            help=spoken(
                "Write schema.json into the package instead (for contributors).", "写入包内 schema.json(开发者用)。"
            ),
        ),
        Option(
            ["--docs"],
            metavar="FOLDER",
            help=spoken("Write parameters.md and command-line.md into a folder.", "在文件夹中生成参数与命令行文档。"),
        ),
        Option(
            ["--help-pages"],
            metavar="FOLDER",
            help=spoken("Write the offline help of the algorithms into a folder.", "在文件夹中生成算法的离线说明。"),
        ),
    ],
)
@click.pass_obj
def schema(voice: Voice, write: bool, docs: str | None, help_pages: str | None) -> None:
    """From the code where it is to be written, else the committed copy."""
    from .options import SCHEMA

    if write:
        from .schema import write_schema

        voice.say(str(write_schema(SCHEMA)))
        load_schema.cache_clear()
    if docs:
        from .pages import write_pages

        for path in write_pages(Path(docs)):
            voice.say(str(path))
    if help_pages:
        from .help_pages import write_help

        for path in write_help(Path(help_pages), load_schema()):
            voice.say(str(path))
    if not (write or docs or help_pages):
        print_json(load_schema())
