"""The page of a warning on paper: map, reason, figures, who is responsible, what it rests on.

Text of the data reaches the page as the value of a column or of a variable, and a value is never evaluated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapOverview,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutObject,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendStyle,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsPrintLayout,
    QgsProperty,
    QgsRectangle,
    QgsScaleBarSettings,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
)

from ...layers import style
from ..qt import QtCore, QtGui
from ..words import pick, tr
from .columns import level_words

FONTS = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "SimHei")
INK, MUTED, LINE = (style.GROUND["light"][name] for name in ("text", "muted", "line"))
LEGEND_ROWS = 6
"""Of the warnings: four levels, what is over, what is beyond the budget. Of the risk: five classes and no data."""


class Box(NamedTuple):
    """A rectangle on the page, in millimetres."""

    x: float
    y: float
    width: float
    height: float


MAP = Box(8, 30, 182, 126)
OVERVIEW = Box(152, 30, 38, 28)
LEGENDS = Box(8, 157, 90, 32), Box(99, 157, 91, 32)
RIGHT = Box(195, 30, 94, 160)


def font_family() -> str:
    """The first of the Chinese fonts that this machine has; else the window's own."""
    fonts = QtGui.QFontDatabase
    known = set(fonts.families(fonts()) if QtCore.qVersion().startswith("5.") else fonts.families())
    return next((name for name in FONTS if name in known), QtGui.QFont().family())


class Page:
    """Puts items on the one page of a layout."""

    def __init__(self, layout: QgsPrintLayout):
        self.layout, self.family = layout, font_family()

    def put(self, item: QgsLayoutItem, box: Box, name: str = "") -> QgsLayoutItem:
        """Add *item* at its place."""
        self.layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(box.x, box.y))
        item.attemptResize(QgsLayoutSize(box.width, box.height))
        item.setId(name)
        return item

    def text(
        self, text: str, box: Box, *, size: float = 9, bold: bool = False, colour: str = INK, name: str = ""
    ) -> QgsLayoutItemLabel:
        """A label. *text* is ours; what stands in [% %] is replaced by a value."""
        label = QgsLayoutItemLabel(self.layout)
        self.put(label, box, name)
        label.setText(text)
        label.setMarginX(0)
        label.setMarginY(0)
        label.setVAlign(QtCore.Qt.AlignmentFlag.AlignVCenter)
        label.setHAlign(QtCore.Qt.AlignmentFlag.AlignLeft)
        self._write(label, size, bold, colour)
        return label

    def _write(self, label: QgsLayoutItemLabel, size: float, bold: bool, colour: str) -> None:
        font = self.font(size, bold)
        if hasattr(label, "setTextFormat"):
            label.setTextFormat(self.format(size, bold, colour))
        else:
            label.setFont(font)
            label.setFontColor(QtGui.QColor(colour))

    def font(self, size: float, bold: bool = False) -> QtGui.QFont:
        """The page's font in points."""
        font = QtGui.QFont(self.family)
        font.setPointSizeF(size)
        font.setBold(bold)
        return font

    def format(self, size: float, bold: bool, colour: str) -> QgsTextFormat:
        """The same as QGIS 3.24 and later want it."""
        text = QgsTextFormat()
        text.setFont(self.font(size, bold))
        text.setSize(size)
        text.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
        text.setColor(QtGui.QColor(colour))
        return text

    def line(self, box: Box) -> None:
        """A hair line above a row."""
        shape = QgsLayoutItemShape(self.layout)
        shape.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
        symbol = shape.symbol().clone()
        symbol.setColor(QtGui.QColor(LINE))
        symbol.symbolLayer(0).setStrokeColor(QtGui.QColor(LINE))
        symbol.symbolLayer(0).setStrokeWidth(0)
        shape.setSymbol(symbol)
        self.put(shape, Box(box.x, box.y, box.width, 0.15))


def cases(column: str, pairs: Sequence[tuple[str, str]]) -> str:
    """An expression: the words for a code of ours. No text of the data is in it."""
    whens = " ".join(f"WHEN \"{column}\" = '{code}' THEN '{words}'" for code, words in pairs)
    return f"CASE {whens} ELSE '' END"


def draw_head(page: Page) -> None:
    """Level with its verb on the level's colour, place, class, window; city and number of the page at the right."""
    words = cases("level", [(level.name, level_words(level)) for level in style.LEVELS])
    level = page.text(
        f"[% {words} %]", Box(8, 8, 52, 16), size=float(pick("11.5", "15")), bold=True, colour="#ffffff", name="level"
    )
    level.setHAlign(QtCore.Qt.AlignmentFlag.AlignHCenter)
    level.setBackgroundEnabled(True)
    colours = cases("level", [(entry.name, entry.light) for entry in style.LEVELS])
    properties = level.dataDefinedProperties()
    properties.setProperty(QgsLayoutObject.DataDefinedProperty.BackgroundColor, QgsProperty.fromExpression(colours))
    level.setDataDefinedProperties(properties)
    page.text('[% "cell_name" %]', Box(64, 7.5, 160, 9), size=16, bold=True, name="place")
    page.text(f'[% "category" %]　[% {WINDOW} %]', Box(64, 17, 160, 7), size=10.5, colour=MUTED, name="class")
    right = QtCore.Qt.AlignmentFlag.AlignRight
    page.text("[% @gridbeacon_title %]", Box(199, 8, 90, 7), size=9, name="title").setHAlign(right)
    number = tr(
        "Warning {rank}, page {page} of {pages}",
        rank='[% "rank" %]',
        page="[% @atlas_featurenumber %]",
        pages="[% @atlas_totalfeatures %]",
    )
    page.text(number, Box(199, 17, 90, 7), size=9, colour=MUTED, name="number").setHAlign(right)


_DAYS = [
    "format_date(\"window_start\", 'yyyy-MM-dd')",
    "format_date(\"window_end\" - to_interval('1 second'), 'yyyy-MM-dd')",
]
_HOURS = [f"format_date(\"{column}\", 'yyyy-MM-dd HH:mm')" for column in ("window_start", "window_end")]
_TO = " || ' – ' || "
WINDOW = (
    f'CASE WHEN hour("window_start") + hour("window_end") > 0 THEN {_TO.join(_HOURS)} '
    f"WHEN {_DAYS[0]} = {_DAYS[1]} THEN {_DAYS[0]} ELSE {_TO.join(_DAYS)} END"
)
"""Whole days are named by the first and the last; where a window begins or ends within a day, by its hours."""


def figures(layer: QgsVectorLayer) -> list[tuple[str, str, str]]:
    """(column, what it is called, expression) of each row of the table; rows of columns the run lacks are left out."""
    many, years, days = tr("over 100 times"), tr("years"), tr("days")
    ratio = f'CASE WHEN "ratio" >= 100 THEN \'{many}\' ELSE format_number("ratio", 1) END'
    rare = (
        f"CASE WHEN \"recurrence_days\" >= 36500 THEN '{tr('over 100 years')}' "
        f'WHEN "recurrence_days" >= 730 THEN format_number("recurrence_days" / 365.25, 0) || \' {years}\' '
        f"ELSE format_number(\"recurrence_days\", 0) || ' {days}' END"
    )
    usual = (
        f"CASE WHEN \"expected\" < 0.05 THEN '{tr('hardly any')}' "
        'WHEN "expected" < 10 THEN format_number("expected", 1) ELSE format_number("expected", 0) END'
    )
    changes = [(chinese, pick(english, chinese)) for chinese, english in style.CHANGES.items()]
    states = [(chinese, pick(english, chinese)) for chinese, english in style.STATES.items()]
    unknown = pick(style.UNKNOWN_RESPONSIBLE_EN, style.UNKNOWN_RESPONSIBLE_ZH)
    caveats = pick("caveats_en", "caveats")
    rows = [
        (
            "responsible",
            tr("Responsible unit"),
            f"CASE WHEN coalesce(\"responsible\", '') = '' THEN '{unknown}' ELSE \"responsible\" END",
        ),
        ("deadline", tr("Deadline"), "left(replace(to_string(\"deadline\"), 'T', ' '), 16)"),
        ("observed", tr("Observed"), 'format_number("observed", 0)'),
        ("expected", tr("Usual number"), usual),
        ("ratio", tr("Times the usual"), ratio),
        ("recurrence_days", tr("By chance once in"), rare),
        ("sources", tr("Sources (incidents)"), '"sources"'),
        ("places", tr("Units touched (incidents)"), '"places"'),
        ("closed", tr("Handling"), '"closed"'),
        ("first_seen", tr("First seen"), "format_date(\"first_seen\", 'yyyy-MM-dd')"),
        ("change", tr("Change"), cases("change", changes)),
        ("state", tr("State of handling"), cases("state", states)),
        (caveats, tr("Caveats"), f"replace(\"{caveats}\", ';', '; ')"),
    ]
    known = set(layer.fields().names())
    return [row for row in rows if row[0] in known]


ROW = 8.4
TALL = {"places": 14.4, "caveats": 17, "caveats_en": 17}
"""Heights in millimetres; a row that lists names has room for a second and a third line."""


def draw_figures(page: Page, layer: QgsVectorLayer) -> None:
    """The reason in large letters, then the figures, a row each."""
    reason = pick("reason_en", "reason")
    page.text(f'[% "{reason}" %]', Box(RIGHT.x, RIGHT.y, RIGHT.width, 20), size=12.5, bold=True, name="reason")
    rows = figures(layer)
    y = RIGHT.y + 23
    for column, words, expression in rows:
        height = TALL.get(column, ROW)
        page.line(Box(RIGHT.x, y, RIGHT.width, height))
        page.text(words, Box(RIGHT.x, y, 33, ROW), size=8.5, colour=MUTED)
        inside = Box(RIGHT.x + 34, y + 0.4, 60, height - 0.8)
        value = page.text(f"[% coalesce(nullif(to_string({expression}), ''), '—') %]", inside, name=column)
        if height > ROW:
            value.setVAlign(QtCore.Qt.AlignmentFlag.AlignTop)
            value.setMarginY(1.8)
        y += height


def draw_foot(page: Page) -> None:
    """What every warning has to say of itself: its kind, its class of secrecy, its account, its false alarms."""
    page.line(Box(8, 191, 281, 0.2))
    page.text("[% @gridbeacon_statutory %]", Box(8, 192, 140, 5.5), size=9.5, bold=True, name="statutory")
    page.text(
        "[% @gridbeacon_classification %]", Box(149, 192, 140, 5.5), size=9.5, bold=True, name="classification"
    ).setHAlign(QtCore.Qt.AlignmentFlag.AlignRight)
    page.text("[% @gridbeacon_account %]", Box(8, 197.2, 281, 4), size=7, colour=MUTED, name="account")
    page.text("[% @gridbeacon_chance %]", Box(8, 201.2, 200, 4), size=7, colour=MUTED, name="chance")
    page.text("[% @gridbeacon_run %]", Box(189, 201.2, 100, 4), size=7, colour=MUTED, name="run").setHAlign(
        QtCore.Qt.AlignmentFlag.AlignRight
    )


def _map(page: Page, box: Box, layers: Sequence[QgsMapLayer], bounds: QgsRectangle, name: str) -> QgsLayoutItemMap:
    """A map of these layers and of no others, whatever the window shows later."""
    shown = QgsLayoutItemMap(page.layout)
    page.put(shown, box, name)
    shown.setCrs(layers[0].crs())
    shown.setLayers(list(layers))
    shown.setKeepLayerSet(True)
    shown.setFrameEnabled(True)
    shown.setFrameStrokeColor(QtGui.QColor(LINE))
    shown.setExtent(bounds)  # changes the item's shape, so the shape is set anew
    page.put(shown, box, name)
    shown.zoomToExtent(bounds)
    return shown


def draw_map(page: Page, layers: Sequence[QgsMapLayer], bounds: QgsRectangle, finest: int) -> QgsLayoutItemMap:
    """The warning's unit with its surroundings; with each page the map moves to the next one.

    The smaller the unit, the more of what lies around it: a margin in percent of its size.
    """
    shown = _map(page, MAP, layers, bounds, "map")
    shown.setAtlasDriven(True)
    shown.setAtlasScalingMode(QgsLayoutItemMap.AtlasScalingMode.Auto)
    around = f'CASE WHEN "unit_level" = 0 THEN 6 WHEN "unit_level" >= {finest} THEN 250 ELSE 80 END'
    properties = shown.dataDefinedProperties()
    margin = QgsLayoutObject.DataDefinedProperty.MapAtlasMargin
    properties.setProperty(margin, QgsProperty.fromExpression(around))
    shown.setDataDefinedProperties(properties)
    bar = QgsLayoutItemScaleBar(page.layout)
    bar.setLinkedMap(shown)
    bar.setStyle("Single Box")
    bar.setUnits(QgsUnitTypes.DistanceUnit.DistanceMeters)
    bar.setUnitLabel(pick("m", "米"))
    bar.setSegmentSizeMode(QgsScaleBarSettings.SegmentSizeMode.SegmentSizeFitWidth)
    bar.setMinimumBarWidth(24)
    bar.setMaximumBarWidth(44)
    bar.setNumberOfSegments(2)
    bar.setNumberOfSegmentsLeft(0)
    bar.setHeight(1.6)
    bar.setTextFormat(page.format(7.5, False, INK))
    bar.setBackgroundEnabled(True)
    page.put(bar, Box(MAP.x + 3, MAP.y + MAP.height - 14, 60, 10), "scale")
    return shown


def draw_overview(page: Page, main: QgsLayoutItemMap, cells: QgsMapLayer, bounds: QgsRectangle) -> None:
    """The whole city, small, with a frame around what the map shows; left out where that is the whole city."""
    small = _map(page, OVERVIEW, [cells], bounds, "overview")
    properties = small.dataDefinedProperties()
    seen = QgsProperty.fromExpression('CASE WHEN "unit_level" = 0 THEN 0 ELSE 100 END')
    properties.setProperty(QgsLayoutObject.DataDefinedProperty.Opacity, seen)
    small.setDataDefinedProperties(properties)
    frame = QgsLayoutItemMapOverview("frame", small)
    frame.setLinkedMap(main)
    small.overviews().addOverview(frame)


def draw_legend(page: Page, main: QgsLayoutItemMap, layer: QgsMapLayer, box: Box) -> None:
    """What a layer's symbols stand for, in words."""
    legend = QgsLayoutItemLegend(page.layout)
    legend.setLinkedMap(main)
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    root.removeAllChildren()
    node = root.addLayer(layer)
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(range(LEGEND_ROWS)))
    legend.model().refreshLayerLegend(node)
    for part, size, bold in (
        (QgsLegendStyle.Style.Subgroup, 8.5, True),
        (QgsLegendStyle.Style.SymbolLabel, 7.5, False),
    ):
        kind = legend.style(part)
        kind.setFont(page.font(size, bold))
        legend.setStyle(part, kind)
    legend.setSymbolHeight(2.8)
    legend.setSymbolWidth(5)
    legend.setColumnCount(2)
    legend.setSplitLayer(True)
    legend.setEqualColumnWidth(False)
    legend.setResizeToContents(False)
    page.put(legend, box, f"legend {layer.name()}")
