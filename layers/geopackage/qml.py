"""Small pieces of QML: symbols, rules, labels, forms. Everything that enters is escaped as XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .. import style

_TEXT_COLOUR = "19,27,38,255"
_FONT = "Microsoft YaHei"
_LABEL_KEY = "{label}"
POINT, POLYGON = 0, 2
"""Kinds of geometry, as QGIS numbers them."""


@dataclass(frozen=True)
class Rule:
    """One rule of a renderer: label, filter, number of its symbol (None for a group), children."""

    label: str
    condition: str
    symbol: int | None
    children: tuple[Rule, ...] = ()
    shown: bool = True
    smallest_scale: float = 0.0


def document(
    renderer: str,
    labels: str,
    aliases: Mapping[str, str],
    value_maps: Mapping[str, Mapping[str, str]],
    preview: str,
    columns: Sequence[str],
    *,
    geometry: int = POLYGON,
    temporal: str = "",
) -> str:
    """A whole style: how a layer is drawn, labelled and played, and what its columns are called."""
    names = "".join(
        f'<alias index="{number}" field="{escape(name)}" name="{escape(aliases.get(name, ""))}"/>'
        for number, name in enumerate(columns)
    )
    fields = "".join(_field(name, value_maps.get(name)) for name in columns)
    categories = "Symbology|Labeling|Fields|Forms|AttributeTable" + ("|Temporal" if temporal else "")
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" labelsEnabled="{1 if labels else 0}" '
        f'styleCategories="{categories}">\n'
        f"{renderer}\n{labels}\n{temporal}"
        f"<fieldConfiguration>{fields}</fieldConfiguration>\n"
        f"<aliases>{names}</aliases>\n"
        f"<previewExpression>&quot;{escape(preview)}&quot;</previewExpression>\n"
        f"<layerGeometryType>{geometry}</layerGeometryType>\n</qgis>\n"
    )


def _field(name: str, words: Mapping[str, str] | None) -> str:
    if words is None:
        return f'<field name="{escape(name)}" configurationFlags="None"/>'
    items = "".join(f'<Option type="Map">{_option(word, value)}</Option>' for value, word in words.items())
    return (
        f'<field name="{escape(name)}" configurationFlags="None"><editWidget type="ValueMap"><config>'
        f'<Option type="Map"><Option type="List" name="map">{items}</Option></Option></config></editWidget></field>'
    )


def _option(name: str, value: object, kind: str = "QString") -> str:
    return f'<Option type="{kind}" name="{escape(name)}" value="{escape(str(value))}"/>'


def _symbol(name: str, kind: str, layers: str) -> str:
    return f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">{layers}</symbol>'


def _layer(kind: str, options: Mapping[str, object], inside: str = "") -> str:
    pairs = "".join(_option(name, value) for name, value in options.items())
    return f'<layer class="{kind}" enabled="1" locked="0" pass="0"><Option type="Map">{pairs}</Option>{inside}</layer>'


def colour(text: str, alpha: int = 255) -> str:
    """'#rrggbb' as QGIS writes it: 'r,g,b,a'."""
    return ",".join(str(part) for part in (*style.rgb(text), alpha))


def fill(text: str, *, outline: str, width: float, alpha: int = 255, line: str = "solid") -> str:
    """A polygon symbol's layer: fill colour, outline colour and width in millimetres."""
    options = {
        "color": colour(text, alpha),
        "style": "solid" if alpha else "no",
        "outline_color": colour(outline),
        "outline_style": line,
        "outline_width": f"{width:.2f}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    return _layer("SimpleFill", options)


def hatch(text: str) -> str:
    """A polygon symbol's layers for 'no data': grey with slanting lines, so that it is not told by colour alone."""
    lines = {"line_angle": 45, "distance": 1.6, "distance_unit": "MM", "line_width": 0.2, "color": colour("#6b7480")}
    stroke = _layer("SimpleLine", {"line_color": colour("#6b7480"), "line_width": 0.2, "line_width_unit": "MM"})
    pattern = _layer("LinePatternFill", lines, _symbol("@hatch@1", "line", stroke))
    return fill(text, outline="#ffffff", width=0.08) + pattern


def marker(shape: str, text: str, *, size: float) -> str:
    """A point symbol's layer: shape as QGIS names it, colour, size in millimetres; a white rim sets it off."""
    options = {"name": shape, "color": colour(text, 210), "outline_color": colour("#ffffff"), "outline_width": "0.2"}
    if shape in ("cross", "cross2"):  # nothing but lines
        options |= {"outline_color": colour(text), "outline_width": "0.5"}
    return _layer("SimpleMarker", {**options, "size": f"{size:g}", "size_unit": "MM"})


def played(start: str, end: str) -> str:
    """How the temporal controller plays a layer: each feature from the time in *start* to that in *end*, exclusive."""
    return (
        f'<temporal enabled="1" mode="2" startField="{escape(start)}" endField="{escape(end)}" durationField="" '
        'durationUnit="min" fixedDuration="0" accumulate="0" startExpression="" endExpression="" limitMode="0">'
        "<fixedRange><start></start><end></end></fixedRange></temporal>\n"
    )


def rules(entries: Sequence[Rule], symbols: Sequence[str], order: str = "", kind: str = "fill") -> str:
    """A rule-based renderer of symbols of one *kind*. *order* is an expression; the lowest is drawn last, on top."""
    tree = "".join(_rule(entry, str(number)) for number, entry in enumerate(entries))
    drawn = "".join(_symbol(str(number), kind, layers) for number, layers in enumerate(symbols))
    by = f'<orderby><orderByClause asc="0" nullsFirst="0">{escape(order)}</orderByClause></orderby>' if order else ""
    return (
        f'<renderer-v2 type="RuleRenderer" forceraster="0" symbollevels="0" enableorderby="{1 if order else 0}">'
        f'<rules key="{{root}}">{tree}</rules><symbols>{drawn}</symbols>{by}</renderer-v2>'
    )


def _rule(entry: Rule, key: str) -> str:
    attributes = {"key": f"{{{key}}}", "label": entry.label, "filter": entry.condition}
    if entry.symbol is not None:
        attributes["symbol"] = str(entry.symbol)
    if not entry.shown:
        attributes["checkstate"] = "0"
    if entry.smallest_scale:
        attributes["scalemaxdenom"] = f"{entry.smallest_scale:.0f}"
    text = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    children = "".join(_rule(child, f"{key}-{number}") for number, child in enumerate(entry.children))
    return f"<rule {text}>{children}</rule>"


def labelling(entries: Sequence[str]) -> str:
    """Rule-based labels from `label` and `beacon` pieces."""
    if not entries:
        return ""
    keyed = "".join(entry.replace(_LABEL_KEY, f"{{label-{number}}}") for number, entry in enumerate(entries))
    return f'<labeling type="rule-based"><rules key="{{labels}}">{keyed}</rules></labeling>'


def label(
    expression: str,
    *,
    size: float,
    only: str,
    bold: bool = False,
    below: float = 0.0,
    smallest_scale: float = 0.0,
    priority: int = 3,
) -> str:
    """A text label over the middle of a polygon, *below* it by so many millimetres; *only* filters."""
    halo = (
        '<text-buffer bufferDraw="1" bufferSize="0.9" bufferSizeUnits="MM" bufferColor="255,255,255,235" '
        'bufferOpacity="1"/>'
    )
    text = _text_style(expression, size, _TEXT_COLOUR, bold, halo)
    scale = f' scalemaxdenom="{smallest_scale:.0f}"' if smallest_scale else ""
    return _label_rule(only, text, below, "", scale, priority)


def beacon(field: str, *, fill: str, offset: str, only: str) -> str:
    """A number in a disc of fixed size over the middle of a polygon; *fill* and *offset* are expressions."""
    disc = (
        '<background shapeDraw="1" shapeType="3" shapeSizeType="1" shapeSizeX="6.4" shapeSizeY="6.4" '
        'shapeSizeUnit="MM" shapeFillColor="76,90,107,255" shapeBorderColor="255,255,255,255" '
        'shapeBorderWidth="0.5" shapeBorderWidthUnit="MM" shapeOpacity="1"/>'
    )
    own = _property("ShapeFillColor", fill) + _property("OffsetXY", offset)
    text = _text_style(f'"{field}"', 10, "255,255,255,255", True, disc)
    return _label_rule(only, text, 0.0, own, "", priority=10)


def _property(name: str, expression: str) -> str:
    inside = _option("active", "true", "bool") + _option("expression", expression) + _option("type", 3, "int")
    return f'<Option type="Map" name="{name}">{inside}</Option>'


def _text_style(expression: str, size: float, text_colour: str, bold: bool, inside: str) -> str:
    return (
        f'<text-style fieldName="{escape(expression)}" isExpression="1" allowHtml="0" fontFamily="{_FONT}" '
        f'fontSize="{size:g}" fontSizeUnit="Point" fontWeight="{75 if bold else 50}" textColor="{text_colour}" '
        f'textOpacity="1" multilineHeight="1">{inside}</text-style>'
    )


def _label_rule(only: str, text: str, below: float, own: str, scale: str, priority: int) -> str:
    placement = (
        f'<placement placement="1" quadOffset="4" xOffset="0" yOffset="{below:g}" offsetUnits="MM" centroidWhole="1" '
        f'centroidInside="1" priority="{priority}"/>'
    )
    always = int(priority == 10)
    rendering = f'<rendering displayAll="{always}" obstacle="0" scaleVisibility="0" drawLabels="1"/>'
    properties = (
        f'<dd_properties><Option type="Map">{_option("name", "")}<Option type="Map" name="properties">{own}</Option>'
        f"{_option('type', 'collection')}</Option></dd_properties>"
    )
    return (
        f'<rule key="{_LABEL_KEY}" filter="{escape(only)}"{scale}>'
        f'<settings calloutType="simple">{text}{placement}{rendering}{properties}</settings></rule>'
    )
