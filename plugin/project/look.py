"""How a run's layers are drawn, in QGIS's language, with the colours and words of layers.style.

Expressions hold names of columns and constants of ours only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCentroidFillSymbolLayer,
    QgsFillSymbol,
    QgsGraduatedSymbolRenderer,
    QgsLayerTreeLayer,
    QgsLinePatternFillSymbolLayer,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsMarkerSymbol,
    QgsProperty,
    QgsRasterLayer,
    QgsRendererCategory,
    QgsRendererRange,
    QgsRuleBasedRenderer,
    QgsSingleBandPseudoColorRenderer,
    QgsSymbolLayer,
    QgsVectorLayer,
)

from ...layers import style
from ..qt import QtGui
from ..units import kind_of_unit
from ..words import pick, tr
from .columns import level_words, name_columns

NO_DATA = "no data"
UNTOLD = "untold"
EVIDENCE_OPACITY = 0.85


DRAWN_BY_THE_FILE = ("EARLY_WARNINGS", "CELLS", "DAYS", "EXCLUDED", "DENSITY")
"""Outputs whose style lies in the run's files, made for its own levels and breaks; its words are said anew."""


def furnish(layer: QgsMapLayer, output: str, streets: int) -> None:
    """Give the layer of this *output* its style and its columns their names; the city has so many *streets*."""
    if isinstance(layer, QgsRasterLayer):
        speak_density(layer)
        return
    if output in RENDERERS:
        layer.setRenderer(RENDERERS[output]())
        layer.setOpacity(EVIDENCE_OPACITY)
    elif isinstance(layer.renderer(), QgsRuleBasedRenderer):
        if output == "EARLY_WARNINGS":
            relabel(layer, warning_words().get)
        elif output == "EXCLUDED":
            relabel(layer, reason)
        elif output == "CELLS":
            # A legend would evaluate what a level is called.
            relabel(layer, lambda name: kind_of_unit(name).replace("[%", "[ %"))
        elif output == "DAYS":
            layer.setRenderer(discs_of(layer.renderer(), streets))
    name_columns(layer)


def risk_renderer() -> QgsCategorizedSymbolRenderer:
    """Five steps of one hue, the highest first, and a hatched grey for missing data."""
    falling = list(reversed(style.RISK_CLASSES))
    steps = " ".join(f"WHEN \"risk\" >= {entry.low or 0.0} THEN '{entry.name}'" for entry in falling)
    return _categories(f"CASE WHEN \"status\" = '{NO_DATA}' THEN '{NO_DATA}' {steps} END", falling)


def hot_spot_renderer() -> QgsCategorizedSymbolRenderer:
    """Hot and quiet spots by how sure they are; where there was too little to tell, that is said."""
    told = f"CASE WHEN \"status\" = '{NO_DATA}' THEN '{NO_DATA}' WHEN \"status\" NOT IN ('', 'ok') THEN '{UNTOLD}' "
    return _categories(told + "ELSE coalesce(\"hotspot_class\", '') END", style.HOTSPOT_CLASSES, untold=True)


def emerging_renderer() -> QgsCategorizedSymbolRenderer:
    """Hot spots by their history: new, consecutive, intensifying ..."""
    told = (
        f"CASE WHEN \"status\" = '{NO_DATA}' THEN '{NO_DATA}' WHEN right(\"pattern\", 5) = '_cold' THEN 'cold' "
        "WHEN \"pattern\" = 'none' THEN '' ELSE \"pattern\" END"
    )
    return _categories(told, style.EMERGING_CLASSES)


def _categories(
    expression: str, entries: tuple[style.MapClass, ...] | list[style.MapClass], untold: bool = False
) -> QgsCategorizedSymbolRenderer:
    found = [QgsRendererCategory(entry.name, _fill(entry.light), pick(entry.en, entry.zh)) for entry in entries]
    if untold:
        found.append(QgsRendererCategory(UNTOLD, _fill("#f3f4f6"), tr("too little data to tell")))
    found.append(QgsRendererCategory(NO_DATA, _hatch(), pick(style.NO_DATA.en, style.NO_DATA.zh)))
    return QgsCategorizedSymbolRenderer(expression, found)


def _fill(colour: str, line: str = "#ffffff", width: float = 0.08) -> QgsFillSymbol:
    return QgsFillSymbol.createSimple(
        {"color": colour, "outline_color": line, "outline_width": str(width), "joinstyle": "round"}
    )


def _hatch() -> QgsFillSymbol:
    """Grey with slanting lines: missing data is not told by colour alone."""
    symbol = _fill(style.NO_DATA.light)
    lines = QgsLinePatternFillSymbolLayer()
    lines.setLineAngle(45)
    lines.setDistance(1.6)
    lines.setColor(QtGui.QColor("#6b7480"))
    symbol.appendSymbolLayer(lines)
    return symbol


RENDERERS: dict[str, Callable[[], QgsCategorizedSymbolRenderer]] = {
    "RISK": risk_renderer,
    "HOTSPOTS": hot_spot_renderer,
    "EMERGING": emerging_renderer,
}


def discs_of(style_in_file: QgsRuleBasedRenderer, streets: int) -> QgsGraduatedSymbolRenderer:
    """A disc in each street instead of its area, so that the evidence below stays in sight while the days are played.

    The classes are the file's own, one scale for all days; a disc's area grows with the lower bound of its class. Many
    streets have smaller discs, so that those of a whole city on the screen do not touch.
    """
    filters = " ".join(rule.filterExpression() for rule in style_in_file.rootRule().children())
    lows = sorted({int(number) for number in re.findall(r'"incidents" >= (\d+)', filters)}) or [1]
    shrunk = min(1.0, (ROOMY_STREETS / max(streets, 1)) ** 0.5)
    ranges = []
    for place, low in enumerate(lows):
        last = place + 1 == len(lows)
        high = low if last else lows[place + 1] - 1
        words = f"≥ {low}" if last else f"{low}" if high == low else f"{low} – {high}"
        label = tr("{number} a day", number=words)
        size = SMALLEST_DISC + (LARGEST_DISC - SMALLEST_DISC) * (low / lows[-1]) ** 0.5
        ranges.append(QgsRendererRange(low, 1e9 if last else high + 0.5, _disc(shrunk * size), label))
    return QgsGraduatedSymbolRenderer("incidents", ranges)


SMALLEST_DISC, LARGEST_DISC = 1.0, 4.4
"""Millimetres across; a legend's symbol has room for no more."""
ROOMY_STREETS = 250
DISC = style.DENSITY_COLOURS["light"][-2]
BELOW = 3.4
"""Millimetres below the middle of the street, where its name stands."""


def _disc(size: float) -> QgsFillSymbol:
    circle = {"name": "circle", "color": DISC, "outline_color": "#ffffff", "outline_width": "0.2"}
    marker = QgsMarkerSymbol.createSimple({**circle, "size": f"{size:.2f}"})
    moved = QgsProperty.fromExpression(f"if(\"incidents\" > 0, '0,{BELOW}', '0,0')")  # stays in sight in the legend
    marker.symbolLayer(0).setDataDefinedProperty(QgsSymbolLayer.Property.PropertyOffset, moved)
    inside = QgsCentroidFillSymbolLayer()
    inside.setSubSymbol(marker)
    inside.setPointOnSurface(True)
    symbol = QgsFillSymbol.createSimple({})
    symbol.changeSymbolLayer(0, inside)
    return symbol


def relabel(layer: QgsVectorLayer, words: Callable[[str], str | None]) -> None:
    """Say the labels of the style in the file in QGIS's language."""
    renderer = layer.renderer().clone()
    for rule in renderer.rootRule().children():
        rule.setLabel(words(rule.label()) or rule.label())
    layer.setRenderer(renderer)


def shorten_legend(node: QgsLayerTreeLayer, output: str) -> None:
    """Leave out what has no symbol: the rule of warnings that bear a number only is their style's last."""
    if output == "EARLY_WARNINGS" and isinstance(node.layer().renderer(), QgsRuleBasedRenderer):
        rules = len(node.layer().renderer().rootRule().children())
        QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(range(rules - 1)))


def warning_words() -> dict[str, str]:
    """Labels of the warnings' style as the file bears them, and what they are called in QGIS's language."""
    levels = {f"{level.numeral} {level.zh} {level.verb_zh}": level_words(level) for level in style.LEVELS}
    return {
        **levels,
        "已解除或并入": tr("ended or merged"),
        "超出预算": tr("beyond the day's budget"),
        "全市,或同一单元的其他提示:只画编号": tr("whole city, or a further one of a unit: number only"),
    }


def reason(label: str) -> str:
    """The half of a label in two languages that QGIS speaks; the Chinese stands first."""
    halves = re.fullmatch(r"(.*[^\x00-\x7f]\S*) ([ -~]+)\((\d+)\)", label)
    return f"{pick(halves[2], halves[1])} ({halves[3]})" if halves else label


def speak_density(layer: QgsRasterLayer) -> None:
    """The style beside the surface draws it; its figures are said in QGIS's language."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsSingleBandPseudoColorRenderer):
        return
    ramp = renderer.shader().rasterShaderFunction()
    items = [item for item in ramp.colorRampItemList() if item.value > 0]
    for item in items:
        item.label = tr("{number} per km²", number=f"{item.value:g}")
    ramp.setColorRampItemList([item for item in ramp.colorRampItemList() if item.value <= 0] + items)
