"""The page: HTML of text that was escaped, one stylesheet, no script, no reference to anything outside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ..style import DENSITY_COLOURS, FONTS, GROUND, LEVELS
from .topology import topology_section
from .words import FIXES, ROLES, say

_LIGHT = GROUND["light"]
_PARTS = {
    "rows_used": DENSITY_COLOURS["light"][4],
    "rows_duplicate": LEVELS[3].light,
    "rows_after_as_of": "#7d8896",
    "rows_before_period": "#a3acb8",
    "rows_outside": LEVELS[0].light,
    "rows_excluded": "#5b4a8a",
    "rows_quarantined": LEVELS[1].light,
}
"""Place in the account -> colour, in the order of the bar."""

CSS = f"""
:root{{color-scheme:light}}*{{box-sizing:border-box}}
body{{margin:0;background:{_LIGHT["page"]};color:{_LIGHT["text"]};font:15px/1.55 {FONTS}}}
main{{max-width:1180px;margin:0 auto;padding:28px 28px 48px}}
header{{display:flex;justify-content:space-between;align-items:flex-end;gap:24px;flex-wrap:wrap}}
h1{{font-size:28px;margin:0;letter-spacing:.02em}}h2{{font-size:18px;margin:0 0 12px}}
h3{{font-size:15px;margin:16px 0 6px}}
.verdict{{font-size:20px;margin:4px 0 0;color:{_LIGHT["muted"]}}}
.verdict b{{color:{_LIGHT["text"]};font-size:28px}}
section{{background:{_LIGHT["panel"]};
border:1px solid {_LIGHT["line"]};border-radius:8px;padding:18px 20px;margin-top:18px;
overflow-x:auto}}
.pair{{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:18px}}
.pair>*{{margin-top:18px}}svg.bar{{width:100%;height:26px;display:block;border-radius:4px}}
svg.map{{width:100%;max-height:560px;display:block}}svg.badge{{width:20px;height:20px;display:block}}
.codes code{{white-space:normal;overflow-wrap:anywhere}}
.digit{{font-size:10.5px;font-weight:700;fill:#fff}}.narrow{{width:auto}}.narrow td,.narrow th{{padding-right:28px}}
svg.sign{{width:14px;height:14px;margin-right:8px;flex:none}}
.note{{font-size:14px;font-weight:600;fill:{_LIGHT["text"]};paint-order:stroke;stroke:#fff;stroke-width:4px}}
.muted{{color:{_LIGHT["muted"]};font-size:13px}}
ul{{margin:0;padding:0;list-style:none}}.legend{{display:flex;flex-wrap:wrap;gap:6px 22px;margin-top:10px}}
.legend li{{display:flex;align-items:center}}.legend b{{margin-left:6px;font-variant-numeric:tabular-nums}}
table{{border-collapse:collapse;width:100%}}
th{{text-align:left;color:{_LIGHT["muted"]};font-weight:400;font-size:13px}}
th,td{{padding:6px 14px 6px 0;border-bottom:1px solid {_LIGHT["line"]};vertical-align:top}}
tr:last-child td{{border-bottom:0}}
td.n,th.n{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:22px}}
.short td{{padding:3px 12px 3px 0;border:0}}.short td:first-child,.once{{white-space:nowrap}}
.short td:nth-child(2){{width:60%;vertical-align:middle}}.short svg.bar{{height:10px}}
code{{font:13px/1.4 ui-monospace,Consolas,"Noto Sans Mono CJK SC",monospace;white-space:nowrap}}
pre{{font:13px/1.5 ui-monospace,Consolas,"Noto Sans Mono CJK SC",monospace;
background:{_LIGHT["page"]};padding:10px 12px;border-radius:6px;margin:6px 0 0;white-space:pre-wrap}}
.list li{{padding:3px 0}}.list code{{color:{_LIGHT["muted"]};
margin-right:8px}}.where{{display:block;font-size:13px;color:{_LIGHT["muted"]}}}
footer{{margin-top:22px;color:{_LIGHT["muted"]};font-size:13px}}footer p{{margin:4px 0}}
@media(max-width:820px){{.pair{{grid-template-columns:1fr}}}}
@media print{{body{{background:#fff}}section{{break-inside:avoid;border-color:#bbb}}main{{padding:0}}}}
"""


def make_page(findings: dict[str, Any], drawing: str, lang: str, faults: str = "") -> str:
    """The whole page as text. *drawing* and *faults* are maps, already markup; everything else is escaped here."""
    digest = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = [
        _head(findings, lang),
        _account(findings["account"], lang),
        f'<div class="pair"><section><h2>{_w("map", lang)}</h2>{drawing}'
        f'<p class="muted">{_w("map_note", lang)}</p></section><section>{_volumes(findings, lang)}</section></div>',
        _rules(findings, lang),
        _near(findings["near_duplicates"], lang),
        topology_section(findings["topology"], findings.get("repair"), faults, lang) if "topology" in findings else "",
        _against(findings.get("against"), lang),
        _reading(findings, lang),
        _notices(findings["notices"], lang),
        _footer(findings, lang),
    ]
    language = "zh-CN" if lang == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_w('title', lang)}</title><style>{CSS}</style></head><body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def _w(name: str, lang: str) -> str:
    return escape(say(name, lang))


def _pick(facts: dict[str, Any], lang: str) -> str:
    return escape(str(facts["zh" if lang == "zh" else "en"]))


def _head(findings: dict[str, Any], lang: str) -> str:
    account, period = findings["account"], findings["period"]
    share = account["rows_used"] / max(account["rows_in"], 1)
    shown = f"<b>{share:.1%}</b>" if share < 0.9995 or share == 1 else "<b>&gt;99.9%</b>"
    span = f"{period['first'][:10]} – {period['as_of'][:16].replace('T', ' ')}"
    missing = say("missing", lang).format(n=findings["missing_bins"]) if findings["missing_bins"] else ""
    units = ", ".join(f"{name} {n:,}" for name, n in findings["cells"].items())
    facts = [f"{say('period', lang)} {span}" + (f" ({missing})" if missing else ""), f"{say('units', lang)} {units}"]
    lines = "".join(f"<div>{escape(fact)}</div>" for fact in facts)
    verdict = escape(say("used_share", lang)).replace("{share}", shown)
    return (
        f'<header><div><h1>{_w("title", lang)}</h1><p class="verdict">{verdict}</p></div>'
        f'<div class="muted">{lines}</div></header>'
    )


def _account(account: dict[str, int], lang: str) -> str:
    """The account as one bar, and every part with its words and number."""
    total, at, bars, legend = max(account["rows_in"], 1), 0.0, [], []
    for name, colour in _PARTS.items():
        n = account.get(name, 0)
        width = 1000 * n / total
        if n:
            words = f"{say(name, lang)} {n:,}"
            bars.append(
                f'<rect x="{at:.2f}" width="{max(width, 1.5):.2f}" height="26" fill="{colour}">'
                f"<title>{escape(words)}</title></rect>"
            )
            sign = '<svg class="sign" viewBox="0 0 14 14" aria-hidden="true"><rect width="14" height="14" rx="3" '
            legend.append(f'<li>{sign}fill="{colour}"/></svg>{_w(name, lang)}<b>{n:,}</b></li>')
        at += width
    lead = say("lead", lang).format(rows_in=f"{account['rows_in']:,}", rows_used=f"{account['rows_used']:,}")
    return (
        f"<section><h2>{_w('account', lang)}</h2><p>{escape(lead)}</p>"
        f'<svg class="bar" viewBox="0 0 1000 26" preserveAspectRatio="none" role="img" aria-label="{escape(lead)}">'
        f'{"".join(bars)}</svg><ul class="legend">{"".join(legend)}</ul></section>'
    )


def _table(heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """Cells are markup already; a head says whether its column holds numbers."""
    mark = [' class="n"' if number else "" for _, number in heads]
    top = "".join(f"<th{m}>{escape(text)}</th>" for (text, _), m in zip(heads, mark, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{cell}</td>" for cell, m in zip(row, mark, strict=True)) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _rules(findings: dict[str, Any], lang: str) -> str:
    if not findings["rules"]:
        return f"<section><h2>{_w('rules', lang)}</h2><p>{_w('rules_none', lang)}</p></section>"
    heads = [("code", False), ("rule", False), ("what", False), ("rows", True), ("examples", False), ("fix", False)]
    rows = []
    for rule in findings["rules"]:
        fix = FIXES.get(rule["code"], rule["fix"]) if lang == "zh" else rule["fix"]
        files = ", ".join(f"{name} {n:,}" for name, n in rule["files"].items())
        rows.append(
            (
                f"<code>{escape(rule['code'])}</code>",
                f"{_pick(rule, lang)}<span class=where>{escape(files)}</span>",
                f"<span class=once>{_w(rule['what'], lang)}</span>",
                f"{rule['rows']:,}",
                _examples(rule["examples"], lang),
                escape(fix),
            )
        )
    table = _table([(say(name, lang), number) for name, number in heads], rows)
    return f"<section><h2>{_w('rules', lang)}</h2>{table}</section>"


def _examples(examples: list[dict[str, Any]], lang: str) -> str:
    """Row numbers, the file named once; of duplicates also the row kept."""
    out, last = [], ""
    for example in examples:
        name = f"{example['file']}: " if example["file"] != last else ""
        last = example["file"]
        text = f"{name}{example['row']}"
        for other in ("kept", "near"):
            if f"{other}_row" in example:
                theirs = example[f"{other}_file"]
                text += f" ({say(other, lang)} {theirs + ': ' if theirs != last else ''}{example[f'{other}_row']})"
        out.append(escape(text))
    return ", ".join(out)


def _near(near: dict[str, Any], lang: str) -> str:
    if not near["rows"]:
        return ""
    note = escape(say("near_note", lang).format(n=f"{near['rows']:,}"))
    examples = _examples(near["examples"], lang)
    return f'<section><h2>{_w("near_title", lang)}</h2><p>{note}</p><p class="muted">{examples}</p></section>'


def _against(against: dict[str, Any] | None, lang: str) -> str:
    if against is None:
        return ""
    told = [n for n in against["notices"] if n["code"] != "N-PAST-009"]
    parts = [f'<p class="muted">{escape(say("against_last", lang).format(day=against["last_day"] or "—"))}</p>']
    if not told and not against["renamings"]:
        parts.append(f"<p>{_w('against_none', lang)}</p>")
    if told:
        parts.append(_list(told, lang))
    if against["renamings"]:
        lines = [f"{json.dumps(r['old'], ensure_ascii=False)} = {json.dumps(r['new'], ensure_ascii=False)}"
                 for r in against["renamings"]]  # fmt: skip
        text = escape("\n".join(["[classes]", *lines]))
        parts.append(f"<h3>{_w('renamed', lang)}</h3><p>{_w('renamed_note', lang)}</p><pre>{text}</pre>")
    return f"<section><h2>{_w('against', lang)}</h2>{''.join(parts)}</section>"


def _list(notices: Iterable[dict[str, str]], lang: str) -> str:
    items = "".join(f"<li><code>{escape(n['code'])}</code>{_pick(n, lang)}</li>" for n in notices)
    return f'<ul class="list">{items}</ul>'


def _reading(findings: dict[str, Any], lang: str) -> str:
    """Files, the columns that were taken, those to confirm, and those left at the door."""
    heads = [("files", False), ("rows", True), ("encoding", False), ("layout", False), ("crs", False)]
    files = _table(
        [(say(name, lang), number) for name, number in heads],
        [
            (escape(f["name"]), f"{f['rows']:,}", escape(f["encoding"]), escape(f["layout"]), escape(f["crs"]))
            for f in findings["files"]
        ],
    )
    index = 0 if lang == "zh" else 1
    name_of = lambda role: ROLES.get(role, (role, role))[index]  # noqa: E731 - two uses, one line
    mapping = _table(
        [(say("role", lang), False), (say("column", lang), False)],
        [(escape(name_of(role)), escape(column)) for role, column in findings["mapping"].items() if column],
    )
    parts = [files, f"<h3>{_w('mapping', lang)}</h3>{mapping}"]
    if findings["suggestions"]:
        items = [
            escape(say("suggestion", lang).format(**{**s, "role": name_of(s["role"])})) for s in findings["suggestions"]
        ]
        listed = "".join(f"<li>{item}</li>" for item in items)
        parts.append(f'<h3>{_w("suggestions", lang)}</h3><ul class="list">{listed}</ul>')
    if findings["dropped_columns"]:
        parts.append(f"<h3>{_w('dropped', lang)}</h3><p>{escape(', '.join(findings['dropped_columns']))}</p>")
    return f"<section><h2>{_w('read', lang)}</h2>{''.join(parts)}</section>"


def _volumes(findings: dict[str, Any], lang: str) -> str:
    """Rows per source and per first-level class as bars."""
    parts = [f"<h2>{_w('volumes', lang)}</h2>"]
    for name, key in (("source", "sources"), ("class", "classes")):
        rows = list(findings[key].items())
        if not rows:
            continue
        most = max(n for _, n in rows) or 1
        bars = []
        for label, n in rows[:12]:
            width = max(160 * n / most, 1)
            bar = '<svg class="bar" viewBox="0 0 160 10" preserveAspectRatio="none" aria-hidden="true">'
            bars.append(
                (
                    escape(label or "—"),
                    f'{bar}<rect y="2" width="{width:.1f}" height="6" fill="{DENSITY_COLOURS["light"][3]}"/></svg>',
                    f"{n:,}",
                )
            )
        shown = _table([(say(name, lang), False), ("", False), (say("rows", lang), True)], bars)
        parts.append(shown.replace("<table>", '<table class="short">', 1))
        parts.append(f'<p class="muted">… +{len(rows) - 12}</p>' if len(rows) > 12 else "")
    return "".join(parts)


def _notices(notices: list[dict[str, str]], lang: str) -> str:
    return f"<section><h2>{_w('notices', lang)}</h2>{_list(notices, lang)}</section>" if notices else ""


def _footer(findings: dict[str, Any], lang: str) -> str:
    """The class policy and what the plan changed in it, callers, and who made the page."""
    policy = findings["class_policy"]
    text = say("policy_own", lang)
    if policy["file"]:
        text = say("policy_changed", lang).format(
            file=policy["file"], added=len(policy["added"]), removed=len(policy["removed"])
        )
    lines = [f"{say('policy', lang)}: {text}"]
    for what in ("added", "removed"):
        lines += [f"{say(what, lang)}: {entry['part']} {entry['pattern']}" for entry in policy[what]]
    if findings["callers"] is not None:
        lines.append(say("callers", lang).format(**findings["callers"]))
    lines += [
        say("nothing_personal", lang),
        say("made_by", lang).format(version=findings["version"], plan=findings["plan_version"]),
    ]
    return "<footer>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</footer>"
