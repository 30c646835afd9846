"""The offline help of the plugin's algorithms: one page a language, from the schema alone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from ..params import UNITS_ZH
from .pages import GENERATED

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Algorithms",
        "guide": "Guide",
        "reads": "Reads",
        "incidents": "incidents",
        "cells": "cells",
        "ledger": "ledger",
        "writes": "Writes",
        "setting": "Setting",
        "default": "Default",
        "allowed": "Allowed",
        "meaning": "What it does",
        "settings": "Settings",
        "none": "none",
        "command": "On the command line",
        "pinned": "Main entries",
    },
    "zh": {
        "title": "算法说明",
        "guide": "使用指南",
        "reads": "输入",
        "incidents": "事件",
        "cells": "网格",
        "ledger": "台账",
        "writes": "输出",
        "setting": "参数",
        "default": "默认值",
        "allowed": "取值",
        "meaning": "作用",
        "settings": "个参数",
        "none": "无",
        "command": "命令行",
        "pinned": "常用",
    },
}


def write_help(folder: Path, schema: dict[str, Any]) -> list[Path]:
    """Write `<folder>/<language>/algorithms.html` for both languages; returns their paths."""
    pages = {folder / language / "algorithms.html": algorithms_page(schema, language) for language in WORDS}
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(pages)


def algorithms_page(schema: dict[str, Any], language: str) -> str:
    """Every algorithm with its text and its settings; the anchor of each is its name."""
    words = WORDS[language]
    groups: dict[str, list[str]] = {}
    for name, entry in _algorithms(schema):
        group = _said(entry, "group", language) or words["pinned"]
        groups.setdefault(group, []).append(_section(name, entry, language))
    links = "".join(f"<li><a href='#{escape(_anchor(group))}'>{escape(group)}</a></li>" for group in groups)
    body = "".join(
        f"<h2 id='{escape(_anchor(group))}'>{escape(group)}</h2>" + "".join(parts) for group, parts in groups.items()
    )
    return (
        f"<!DOCTYPE html>\n{GENERATED.strip()}\n<html lang='{language}'><head><meta charset='utf-8'>"
        f"<title>GridBeacon · {words['title']}</title><link rel='stylesheet' href='../help.css'></head>\n<body><main>"
        f"<p class='back'><a href='index.html'>← {words['guide']}</a></p><h1>{words['title']}</h1>"
        f"<ul class='toc'>{links}</ul>{body}</main></body></html>\n"
    )


def _algorithms(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("check", "run", "replay"):
        if name in schema:
            yield name, {"inputs": ["incidents", "cells"], **schema[name]}
    yield from schema["steps"].items()


def _anchor(group: str) -> str:
    return "group-" + "-".join(group.lower().split())


def _said(entry: dict[str, Any], key: str, language: str) -> str:
    """The text *key* of an entry in one language; English where it has no other."""
    return str((entry.get(f"{key}_zh") if language == "zh" else "") or entry.get(key) or "")


def _section(name: str, entry: dict[str, Any], language: str) -> str:
    words = WORDS[language]
    title = _said(entry, "title", language) or _said(entry, "help", language)
    texts = dict.fromkeys(text for key in ("help", "about") if (text := _said(entry, key, language)) and text != title)
    reads = ", ".join(words.get(item, item) for item in entry["inputs"])
    command = name if name in ("check", "run", "replay") else f"step {name}"
    paragraphs = "".join(f"<p>{escape(part)}</p>" for text in texts for part in text.split("\n\n"))
    return (
        f"\n<section id='{name}'><h3>{escape(title)} <code>{name}</code></h3>{paragraphs}"
        f"<p class='facts'>{words['reads']}: {escape(reads)} · {words['command']}: "
        f"<code>gridbeacon {command} --help</code></p>{_table(entry['params'], language)}</section>"
    )


def _table(params: list[dict[str, Any]], language: str) -> str:
    words = WORDS[language]
    if not params:
        return ""
    heads = "".join(f"<th>{words[key]}</th>" for key in ("setting", "default", "allowed", "meaning"))
    rows = "".join(f"\n<tr>{_row(param, language)}</tr>" for param in params)
    count = f"{len(params)}{words['settings']}" if language == "zh" else f"{len(params)} {words['settings'].lower()}"
    return (
        f"<details><summary>{count}</summary><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></details>"
    )


def _row(param: dict[str, Any], language: str) -> str:
    zh = language == "zh"
    meaning = (param.get("help_zh") if zh else param.get("help")) or param.get("help") or ""
    unit = UNITS_ZH.get(param["unit"], param["unit"]) if zh else param["unit"]
    cells = [_default(param, WORDS[language]["none"]), " ".join(filter(None, [_allowed(param), unit])), meaning]
    return f"<td><code>{param['name'].upper()}</code></td>" + "".join(f"<td>{escape(text)}</td>" for text in cells)


def _default(param: dict[str, Any], none: str) -> str:
    value = param["default"]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return none if value in (None, "") else str(value)


def _allowed(param: dict[str, Any]) -> str:
    if param["choices"]:
        return " / ".join(map(str, param["choices"]))
    ends = [("≥", param["low"]), ("≤", param["high"])]
    return " ".join(f"{sign} {end:g}" for sign, end in ends if end is not None)
