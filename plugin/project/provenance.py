"""Where a layer comes from: in its metadata, which travels with it, and in its notes, which the layer tree shows."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qgis.core import QgsLayerMetadata, QgsLayerNotesUtils, QgsMapLayer

from ...layers import style
from ...layers.chance import false_words
from ..words import pick, tr
from .contents import manifest

ACCOUNT_COLUMNS = {
    "rows_in": "rows read",
    "rows_used": "used",
    "rows_after_as_of": "after the moment of decision",
    "rows_before_period": "earlier than the period",
    "rows_outside": "outside every unit",
    "rows_duplicate": "reported twice",
    "rows_excluded": "excluded by policy",
    "rows_quarantined": "set aside for their defects",
}
"""Parts of a run's account -> what they are called."""


def tell(layer: QgsMapLayer, title: str, folder: Path) -> None:
    """Write the run's origin into the layer's metadata and notes."""
    facts = manifest(folder)
    lines = origin(facts)
    told = QgsLayerMetadata()
    told.setTitle(title)
    told.setIdentifier(f"{facts.get('run_id', folder.name)}/{layer.name()}")
    told.setType("dataset")
    told.setLanguage(pick("en", "zh"))
    told.setAbstract("\n".join(lines))
    told.setRights([statutory()])
    told.setCrs(layer.crs())
    told.setHistory(history(facts))
    layer.setMetadata(told)
    QgsLayerNotesUtils.setLayerNotes(layer, notes(title, lines))


def origin(facts: dict[str, Any]) -> list[str]:
    """The run in a few sentences, the internal line first. Plain text: whoever shows it as HTML escapes it."""
    plan = facts.get("plan", {}).get("plan", {})
    lines = [statutory(), str(plan.get("classification") or "")]
    lines.append(
        tr(
            "Run {run} of {city}, data up to {moment}",
            run=facts.get("run_id", ""),
            city=plan.get("city", ""),
            moment=moment(str(facts.get("as_of", ""))),
        )
    )
    lines += [account(facts), chance(facts)]
    lines.append(
        tr("Plan {plan}, GridBeacon {version}", plan=facts.get("plan_version", ""), version=facts.get("version", ""))
    )
    return [line for line in lines if line]


def statutory() -> str:
    """The line every warning bears."""
    return pick(style.STATUTORY_EN, style.STATUTORY_ZH)


def moment(text: str) -> str:
    """An ISO moment as people read it."""
    return text.replace("T", " ")[:16]


def account(facts: dict[str, Any]) -> str:
    """Where every row went; what is nought is left out."""
    rows = facts.get("account", {})
    parts = [f"{tr(words)} {int(rows[name]):,}" for name, words in ACCOUNT_COLUMNS.items() if rows.get(name)]
    return tr("Account: {parts}", parts=pick(", ", "、").join(parts)) if parts else ""


def chance(facts: dict[str, Any]) -> str:
    """How many warnings of each level chance alone would bring in a week; empty where the run does not say."""
    chinese, english = false_words((facts.get("checked") or {}).get("expected_false") or {})
    return pick(english, chinese)


def history(facts: dict[str, Any]) -> list[str]:
    """The files it was made from, by their checksum, and the programs that made it."""
    files = [f"sha256 {value}  {name}" for name, value in (facts.get("inputs") or {}).items()]
    made = ", ".join(f"{name} {value}" for name, value in (facts.get("versions") or {}).items())
    return [*files, made] if made else files


def notes(title: str, lines: list[str]) -> str:
    """The same as HTML, every text escaped."""
    inside = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<h3>{escape(title)}</h3>{inside}"
