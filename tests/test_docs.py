"""What the docs say is what the code does: generated pages are fresh, commands and links exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from gridbeacon.cli.every_command import gridbeacon as command_line
from gridbeacon.cli.help_pages import algorithms_page
from gridbeacon.cli.options import SCHEMA, load_schema
from gridbeacon.cli.pages import command_line_page, parameters_page

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]


def walk(command, path=("gridbeacon",)):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name))


COMMANDS = dict(walk(command_line))


def test_the_generated_pages_are_fresh():
    """`make docs` writes them."""
    assert SCHEMA.is_file()
    assert (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8") == parameters_page(load_schema())
    assert (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8") == command_line_page()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_of_the_plugin_is_fresh(language):
    """`make docs` writes it; every algorithm has its place in it."""
    page = algorithms_page(load_schema(), language)
    assert (ROOT / "plugin" / "help" / language / "algorithms.html").read_text(encoding="utf-8") == page
    assert all(f"<section id='{name}'>" in page for name in ("check", "run", "replay", *load_schema()["steps"]))


@pytest.mark.parametrize("page", sorted((ROOT / "plugin" / "help").rglob("*.html")), ids=lambda page: page.parent.name)
def test_every_link_of_the_help_leads_somewhere(page):
    """Files beside the page, and anchors in it; nothing of the network."""
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"""(?:href|src)=["']([^"']+)["']""", text)
    anchors = set(re.findall(r"""\bid=["']([^"']+)["']""", text))
    assert targets and not [t for t in targets if not t.startswith("#") and not (page.parent / t).is_file()]
    assert {t[1:] for t in targets if t.startswith("#")} <= anchors


def test_every_command_of_the_design_is_there():
    assert {path[1] for path in COMMANDS if len(path) == 2} >= {
        "run",
        "demo",
        "check",
        "step",
        "doctor",
        "models",
        "schema",
    }


@pytest.mark.parametrize("path", list(COMMANDS), ids=" ".join)
def test_every_command_and_option_has_help(path):
    command = COMMANDS[path]
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []
    assert f"## `{' '.join(path)}`" in command_line_page()


def commands_of(text):
    """Every `gridbeacon …` line of the code blocks of a page."""
    for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.S):
        for line in block.splitlines():
            said = line.split("#")[0].strip().replace(".venv\\Scripts\\", "").replace(".venv/bin/", "")
            if said.startswith("gridbeacon "):
                yield said


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_readme_s_commands_parse(page):
    """Each is parsed by the real command line (none is run), so an option that was renamed fails here."""
    lines = list(commands_of(page.read_text(encoding="utf-8")))
    assert len(lines) >= 5
    for line in lines:
        arguments = shlex.split(line)[1:]
        depth = 2 if isinstance(COMMANDS["gridbeacon", arguments[0]], click.Group) else 1
        command = COMMANDS[("gridbeacon", *arguments[:depth])]
        if "--help" not in arguments:
            command.make_context("gridbeacon", arguments[depth:])


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_readme_begins_with_the_two_commands(page):
    text = page.read_text(encoding="utf-8")
    assert text.index("make demo") < text.index("make test") < text.index("## ")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert set(re.findall(r"make ([a-z]+)", " ".join(re.findall(r"`[^`]*`|^make .*", text, re.M)))) <= set(targets)


def test_the_plan_file_of_the_readme_is_a_plan(tmp_path):
    """The block a reader copies must be accepted whole."""
    from gridbeacon.cli.inputs import of_plan_file
    from gridbeacon.pipeline import Plan

    for page in READMES:
        (block,) = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
        path = tmp_path / f"{page.stem}.toml"
        path.write_text(block, encoding="utf-8")
        assert Plan.from_toml(path).city == "示例市"
        inputs = of_plan_file(path)
        assert inputs.cells and Path(inputs.cells).parent == tmp_path
        assert dict(inputs.columns) == {"time": "受理时间"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_docs_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_machine(page):
    assert not re.search(r"(?<![\w.])/(work|tmp|root|farm|home)/", page.read_text(encoding="utf-8"))
