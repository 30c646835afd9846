"""Options built from schema.json, and commands that lay them out in sections. Needs click alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click

from .voice import language

SCHEMA = Path(__file__).parents[1] / "schema.json"
SECTIONS = {
    "files": ("Files", "文件"),
    "columns": ("Columns (found by their usual names where not given)", "字段(不指定时按常用名称识别)"),
    "settings": ("Settings", "设置"),
    "advanced": ("Advanced settings (the defaults are right)", "高级设置(默认值即可)"),
    "output": ("Output", "输出"),
}
_KINDS: dict[str, Any] = {"int": click.INT, "float": click.FLOAT, "text": click.STRING, "list": click.STRING}


@cache
def load_schema() -> dict[str, Any]:
    """Every setting, model and step, as generated from the code; empty where the file is still to be written."""
    if not SCHEMA.exists():
        return {"version": "", "run": {"help": "", "help_zh": "", "params": []}, "models": {}, "steps": {}}
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


class Option(click.Option):
    """A click option that knows its section of the help."""

    def __init__(self, declarations: Sequence[str], *, section: str = "output", **facts: Any):
        super().__init__(declarations, **facts)
        self.section = section


class Argument(click.Argument):
    """A click argument that tells what it is for, among the files."""

    section = "files"

    def __init__(self, declarations: Sequence[str], *, about: str, **facts: Any):
        super().__init__(declarations, **facts)
        self.about = about

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its name as in the usage line, and what it is for."""
        return self.metavar or str(self.name), self.about


class Command(click.Command):
    """Lays options out in sections, and lets `--incidents A B C` take every file up to the next option."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """`-h` and `--help`, also where the command is called without its group."""
        return ["-h", "--help"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give every file after `--incidents` an `--incidents` of its own, then parse as usual."""
        return super().parse_args(ctx, repeat_option(args, "--incidents"))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one block per section, in the order of SECTIONS; the rest comes last."""
        rows: dict[str, list[tuple[str, str]]] = {name: [] for name in SECTIONS}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None:
                rows[getattr(option, "section", "output")].append(record)
        for name, (english, chinese) in SECTIONS.items():
            if rows[name]:
                with formatter.section(chinese if language() == "zh" else english):
                    formatter.write_dl(rows[name])


def repeat_option(arguments: Sequence[str], name: str) -> list[str]:
    """`--incidents a b --cells c` -> `--incidents a --incidents b --cells c`."""
    out: list[str] = []
    inside = False
    for argument in arguments:
        if argument.startswith("-"):
            inside = argument == name
        elif inside and out[-1] != name:
            out.append(name)
        out.append(argument)
    return out


def flag_of(name: str) -> str:
    """The option of a setting: `as_of` -> `--as-of`."""
    return "--" + name.replace("_", "-")


def help_of(entry: dict[str, Any]) -> str:
    """Help, unit, range and default of a setting in one sentence of the reader's language."""
    zh = language() == "zh"
    text = entry["zh"] if zh and entry.get("zh") else entry["help"]
    facts = [entry["unit"]] if entry.get("unit") else []
    low, high = entry.get("low"), entry.get("high")
    if low is not None or high is not None:
        facts.append(f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}")
    default = entry["default"]
    if entry["type"] != "bool" and default not in (None, "", []):
        shown = ",".join(map(str, default)) if isinstance(default, list) else default
        facts.append(f"默认 {shown}" if zh else f"default {shown}")
    return f"{text}  [{'; '.join(facts)}]" if facts else text


def option_of(entry: dict[str, Any]) -> Option:
    """The command line's option of one setting of the schema; None means it was not given."""
    flag = flag_of(entry["name"])
    section = "advanced" if entry.get("advanced") else "settings"
    facts: dict[str, Any] = {"default": None, "help": help_of(entry), "section": section}
    if entry["type"] == "bool":
        return Option([f"{flag}/--no-{flag[2:]}", entry["name"]], **facts)
    kind = click.Choice(entry["choices"]) if entry["type"] == "choice" else _KINDS[entry["type"]]
    return Option([flag, entry["name"]], type=kind, **facts)


def with_settings(entries: Sequence[dict[str, Any]]) -> Callable[[click.Command], click.Command]:
    """Give a command one option per setting of the schema."""

    def add(command: click.Command) -> click.Command:
        taken = {option.name for option in command.params}
        command.params += [option_of(entry) for entry in entries if entry["name"] not in taken]
        return command

    return add


def given(values: dict[str, Any], entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Those settings of *entries* that were given on the command line."""
    names = {entry["name"] for entry in entries}
    return {name: value for name, value in values.items() if name in names and value is not None}
