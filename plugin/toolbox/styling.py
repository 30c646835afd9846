"""How the table of each step is drawn and what its columns are called; colours and words of layers.style.

Expressions hold names of columns and constants of ours only.
"""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsMarkerSymbol,
    QgsProperty,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsSymbolLayer,
    QgsVectorLayer,
)

from ...layers import style
from ..project import look
from ..project.columns import name_columns
from ..words import pick, tr

STEP_COLUMNS = {
    "cluster": "Cluster",
    "cluster_size": "Incidents of the cluster",
    "cell_code": "Code of the unit",
    "point": "Core, border or noise",
    "low": "Lower bound",
    "high": "Upper end",
    "period": "Period",
    "tolerance": "Denser or sparser than chance",
    "relative_risk": "Relative risk",
    "evidence": "Evidence (0–1)",
    "log_p": "Logarithm of p",
    "score": "Score",
    "alarm": "Above the bound",
    "upper": "Upper bound",
    "silent": "Fallen silent",
    "comparison": "Compared with",
    "now": "Number now",
    "before": "Number before",
    "verdict": "Verdict",
    "area_change_m2": "Change of area (m²)",
    "kind": "Fault",
    "words": "In words (Chinese)",
    "words_en": "In words",
    "fix": "What to do",
}
"""Column -> what it is called, beside those of a run."""
OPACITY = 0.85
HOT = {entry.name: entry.light for entry in style.HOTSPOT_CLASSES}
UNTOLD = "#f3f4f6"


def furnish(layer: QgsVectorLayer, step: str) -> None:
    """Draw the layer of a *step*'s table and name its columns. Main thread only."""
    renderer = RENDERERS.get(step)
    if renderer is not None and layer.isSpatial():
        layer.setRenderer(renderer(layer))
        layer.setOpacity(1.0 if step in OUTLINED else OPACITY)
    name_columns(layer)
    for number, field in enumerate(layer.fields()):
        if field.name() in STEP_COLUMNS:
            layer.setFieldAlias(number, tr(STEP_COLUMNS[field.name()]))


def _fill(colour: str, line: str = "#ffffff", width: float = 0.08, kind: str = "solid") -> QgsFillSymbol:
    facts = {"color": colour, "style": kind, "outline_color": line, "outline_width": str(width), "joinstyle": "round"}
    return QgsFillSymbol.createSimple(facts)


def _classes(expression: str, rows: list[tuple[str, QgsSymbol, str]]) -> QgsCategorizedSymbolRenderer:
    return QgsCategorizedSymbolRenderer(expression, [QgsRendererCategory(*row) for row in rows])


def _ladder(column: str, lows: list[float], words: list[str], colours: list[str]) -> QgsFeatureRenderer:
    """One class from each lower bound on, falling in the legend; names of classes are their numbers."""
    steps = " ".join(f"WHEN {column} >= {low!r} THEN '{place}'" for place, low in reversed(list(enumerate(lows))))
    rows = [(str(place), _fill(colours[place]), words[place]) for place in range(len(lows) - 1, -1, -1)]
    return _classes(f"CASE {steps} END", rows)


def outlines(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Cells as outlines, so that what lies beneath is seen."""
    return QgsSingleSymbolRenderer(_fill("#000000", "#5c6b7d", 0.2, "no"))


def repaired_cells(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Cells whose area changed stand out."""
    rows = [
        ("1", _fill("#f7a35c", "#a84c00", 0.3), tr("area changed")),
        ("0", _fill("#000000", "#5c6b7d", 0.2, "no"), tr("as it was")),
    ]
    return _classes("if(abs(\"area_change_m2\") > 0, '1', '0')", rows)


def faults(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Faults of the cells: those a run refuses, and those it lets pass."""
    rows = [
        ("1", _fill("#c3231b", "#7d1d16", 0.6), tr("refused by a run")),
        ("0", _fill("#f4d03f", "#7a6000", 0.5), tr("told, but let pass")),
    ]
    return _classes("if(\"refused\", '1', '0')", rows)


def density_bands(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """One colour for each band of the layer, the densest last."""
    place = layer.fields().indexOf("low")
    lows = sorted(float(low) for low in layer.uniqueValues(place)) or [0.0]
    high = [*(f"{low:g}" for low in lows[1:]), ""]
    words = [f"{low:g} – {top}" if top else f"≥ {low:g}" for low, top in zip(lows, high)]  # noqa: B905 - Python 3.9
    unit = tr("events/km² per period")
    return _ladder('"low"', lows, [f"{word} {unit}" for word in words], _spread(len(lows)))


def _spread(n: int) -> list[str]:
    """*n* of the rising colours of a density, from the first to the last."""
    colours = style.DENSITY_COLOURS["light"]
    return [colours[round(place * (len(colours) - 1) / max(n - 1, 1))] for place in range(n)]


def against_the_mean(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Density of cells beside that of the whole city; the evidence d / (d + D) says how many times it."""
    lows = [0.0, 0.25, 0.5, 2 / 3, 0.8, 0.9]
    words = ["< 1/3", "1/3 – 1", "1 – 2", "2 – 4", "4 – 9", "≥ 9"]
    named = [tr("{number} times the city's mean", number=word) for word in words]
    return _ladder('"evidence"', lows, named, list(style.DENSITY_COLOURS["light"]))


def evidence(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Evidence in the steps of a risk."""
    entries = style.RISK_CLASSES
    words = [pick(entry.en, entry.zh) for entry in entries]
    return _ladder('"evidence"', [entry.low or 0.0 for entry in entries], words, [entry.light for entry in entries])


def denser_or_sparser(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Places inside the tolerance contours of a relative risk."""
    rows = [
        ("raised 99", _fill(HOT["hot 99"]), tr("much denser than elsewhere")),
        ("raised 95", _fill(HOT["hot 95"]), tr("denser than elsewhere")),
        ("lowered 95", _fill(HOT["cold 95"]), tr("sparser than elsewhere")),
        ("lowered 99", _fill(HOT["cold 99"]), tr("much sparser than elsewhere")),
    ]
    return _classes("tolerance", rows)


def neighbours(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """The quadrants of local Moran."""
    rows = [
        ("HH", _fill(HOT["hot 99"]), tr("high among high")),
        ("HL", _fill(HOT["hot 90"]), tr("high among low")),
        ("LH", _fill(HOT["cold 90"]), tr("low among high")),
        ("LL", _fill(HOT["cold 99"]), tr("low among low")),
        ("", _fill(HOT[""]), tr("nothing to tell")),
    ]
    return _classes("coalesce(\"cluster\", '')", rows)


def _by_chance(expression: str, colours: tuple[str, str, str]) -> QgsFeatureRenderer:
    """How rarely chance alone shows as much; *expression* is the probability, empty where it is not known."""
    told = (
        f"CASE WHEN {expression} IS NULL THEN 'untold' WHEN {expression} <= 0.001 THEN '1000' "
        f"WHEN {expression} <= 0.01 THEN '100' WHEN {expression} <= 0.05 THEN '20' ELSE '' END"
    )
    numbers = ("1000", "100", "20")
    rows = [
        (number, _fill(colour), tr("by chance once in {number} or less", number=number))
        for number, colour in zip(numbers, colours)  # noqa: B905 - Python 3.9
    ]
    rows.append(("", _fill(HOT[""]), tr("within what is usual")))
    rows.append(("untold", _fill(UNTOLD), tr("too little data to tell")))
    return _classes(told, rows)


_JUDGED = "if(\"status\" IN ('', 'ok'), exp(\"log_p\"), NULL)"


def anomalies(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Units above what their past foretells, by how rarely that happens."""
    return _by_chance(_JUDGED, (HOT["hot 99"], HOT["hot 95"], HOT["hot 90"]))


def silences(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Units below what their past foretells, by how rarely that happens."""
    return _by_chance(_JUDGED, (HOT["cold 99"], HOT["cold 95"], HOT["cold 90"]))


def scanned(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Units of a cluster in space and time, by how rarely chance makes one as strong anywhere in the city."""
    return _by_chance('if("cluster" > 0, "p_value", 1)', (HOT["hot 99"], HOT["hot 95"], HOT["hot 90"]))


def clustered(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """Points of a cluster, each cluster in a colour of its own, and the others small and grey."""
    inside = QgsMarkerSymbol.createSimple({"color": "#c3231b", "outline_color": "#ffffff", "size": "2.4"})
    own = QgsProperty.fromExpression('color_hsl(("cluster" * 137) % 360, 70, 42)')
    inside.symbolLayer(0).setDataDefinedProperty(QgsSymbolLayer.PropertyFillColor, own)
    alone = QgsMarkerSymbol.createSimple({"color": "#b4bac2", "outline_style": "no", "size": "1.1"})
    rows = [
        ("1", inside, tr("in a cluster (a colour each)")),
        ("0", alone, tr("in no cluster")),
    ]
    return _classes("if(\"cluster\" >= 0, '1', '0')", rows)


def holding_share(layer: QgsVectorLayer) -> QgsFeatureRenderer:
    """The units that hold the share asked for."""
    rows = [
        ("1", _fill(style.DENSITY_COLOURS["light"][4]), tr("hold the share asked for")),
        ("0", _fill(style.DENSITY_COLOURS["light"][0]), tr("the other units")),
    ]
    return _classes("if(\"within_share\", '1', '0')", rows)


OUTLINED = ("make_cells", "repair_cells", "topology")
RENDERERS: dict[str, Callable[[QgsVectorLayer], QgsFeatureRenderer]] = {
    "make_cells": outlines,
    "repair_cells": repaired_cells,
    "topology": faults,
    "density_surface": density_bands,
    "relative_risk": denser_or_sparser,
    "kernel_density": against_the_mean,
    "getis_ord": lambda layer: look.hot_spot_renderer(),
    "emerging": lambda layer: look.emerging_renderer(),
    "local_moran": neighbours,
    "isolation_forest": evidence,
    "silence": silences,
    "concentration": holding_share,
    **dict.fromkeys(("dbscan", "hdbscan", "st_dbscan"), clustered),
    **dict.fromkeys(("scan_permutation", "scan_poisson", "scan_ebp"), scanned),
    **dict.fromkeys(
        ("ears", "farrington", "nb_predictive", "bayes", "ladder", "nb_cusum", "nb_glr"),
        anomalies,
    ),
}
"""Step -> how its table is drawn; a table without geometry is not."""
