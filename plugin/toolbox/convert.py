"""QGIS layers to files the engine reads: by their own path where they are files, else the needed fields, written."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

from qgis.core import (
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, QMetaType, Qt, QVariant

from ...errors import Cancelled, EngineError
from ..schema import normal_name
from ..words import tr

READ_DIRECTLY = {".csv", ".xlsx", ".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".zip", ".gz"}
"""File names the engine reads itself; a layer of any other kind is written to GeoPackage."""
WITH_LAYERS = (".gpkg", ".gpkg.zip", ".sqlite", ".xlsx")
SIMPLE_TYPES = {1, 2, 3, 4, 5, 6, 10, 14, 15, 16}
"""QMetaType numbers of what a table column holds: truth, numbers, text, dates and times; the same in Qt 5 and 6."""
MOMENT = 16
TEXT = getattr(QVariant, "String", None) or QMetaType.Type.QString
BATCH = 2000
LONGEST_FILTER = 300
"""Characters of a layer's filter that are told."""
REMOTE = {"postgres", "oracle", "mssql", "hana", "WFS", "OAPIF", "arcgisfeatureserver"}
"""Providers of layers that live on another machine: a connection that breaks looks to QGIS like the end of the rows."""


class Handover:
    """One layer on its way to the engine: a path of its own, or features that are still to be written.

    Made on the main thread (it looks at the layer), written in the thread of the algorithm. `remark` tells a reader of
    the results what of the layer went there; it is empty where all of it did.
    """

    def __init__(
        self,
        name: str,
        path: str = "",
        source: QgsProcessingFeatureSource | None = None,
        fields: list[str] | None = None,
        *,
        is_remote: bool = False,
        remark: str = "",
    ):
        self.name, self.path, self.source, self.fields = name, path, source, fields or []
        self.is_remote, self.remark = is_remote, remark

    def written(self, work: Path, context: QgsCoordinateTransformContext, feedback: QgsProcessingFeedback) -> str:
        """The file the engine shall read; features are written into *work* if they have to be."""
        if self.path:
            return self.path
        path = work / f"{self.name}.gpkg"
        at_least = count_rows(self.source, feedback) if self.is_remote else 0
        write_features(self.source, path, self.name, self.fields, context, feedback, at_least=at_least)
        return f"{path}|{self.name}"


def hand_over(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    chosen: list[str],
    known: frozenset[str] | None = None,
) -> Handover | None:
    """What stands in the layer parameter *name*, ready for the engine; None where it is empty. Main thread only.

    *chosen* are the fields the user named; *known* the names the engine recognises by itself (None: any).
    """
    if parameters.get(name) in (None, ""):
        return None
    source = algorithm.parameterAsSource(parameters, name, context)
    if source is None:
        raise EngineError(
            algorithm.invalidSourceError(parameters, name),
            where=name,
            fix=tr("Choose a layer that can be opened, or name its file."),
        )
    value = parameters[name]
    selected, limited = _asked_parts(value)
    # Asked for a part of a layer, QGIS names none: its source does.
    whole = value.source if isinstance(value, QgsProcessingFeatureSourceDefinition) else value
    layer = algorithm.parameterAsVectorLayer({name: whole}, name, context)
    if layer is not None and not (selected or limited):
        path = own_path(layer)
        if path:
            return Handover(name.lower(), path)
    fields = needed_fields(source.fields(), chosen, known)
    remark = remark_on(layer, selected=selected, limited=limited) if layer is not None else ""
    remote = layer is not None and is_remote(layer)
    return Handover(name.lower(), "", source, fields, is_remote=remote, remark=remark)


def remark_on(layer: QgsVectorLayer, *, selected: bool = False, limited: bool = False) -> str:
    """What of *layer* goes to the engine, for those who read the results; empty where all of it does."""
    name, told = layer.name(), []
    if selected:
        n = f"{layer.selectedFeatureCount():,}"
        told.append(tr("Of the layer {name} only the {n} selected rows were used.", name=name, n=n))
    if limited:
        told.append(tr("Of the layer {name} only the rows asked for in the dialog were used.", name=name))
    if layer.subsetString():
        rows = shorten(layer.subsetString(), LONGEST_FILTER, placeholder=" …")
        told.append(tr("Of the layer {name} only the rows of its filter were used: {rows}", name=name, rows=rows))
    if layer.isModified():
        told.append(tr("The layer {name} was used with edits that are not saved.", name=name))
    return " ".join(told)


def is_remote(layer: QgsVectorLayer) -> bool:
    """Whether the layer's rows come from another machine."""
    return layer.providerType() in REMOTE


def _asked_parts(value: Any) -> tuple[bool, bool]:
    """Whether the parameter asks for the selection only, and for the first rows or those of a filter only."""
    if not isinstance(value, QgsProcessingFeatureSourceDefinition):
        return False, False
    limited = getattr(value, "featureLimit", -1) >= 0 or bool(getattr(value, "filterExpression", ""))
    return value.selectedFeaturesOnly, limited


def own_path(layer: QgsVectorLayer) -> str:
    """The file a layer comes from, as the engine names it; empty where the layer is more or less than its file."""
    provider = layer.dataProvider()
    if provider is None or provider.name() != "ogr" or layer.subsetString() or layer.isModified():
        return ""
    if layer.fields().names() != provider.fields().names() or layer.crs() != provider.crs():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path = Path(str(parts.get("path") or ""))
    if parts.get("vsiSuffix") or parts.get("openOptions") or parts.get("layerId"):
        return ""
    if path.suffix.lower() not in READ_DIRECTLY or not path.is_file():
        return ""
    if not path.name.lower().endswith(WITH_LAYERS):
        return str(path)
    sheet = parts.get("layerName")
    if isinstance(sheet, str) and sheet:
        return f"{path}|{sheet}"
    return str(path) if provider.subLayerCount() == 1 else ""


def file_of(text: str) -> str:
    """A file chosen in a list, as the engine names it: `file|layername=x` and `/vsizip/` are QGIS's own spelling."""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", text)
    path, sheet = str(parts.get("path") or text), parts.get("layerName")
    return f"{path}|{sheet}" if isinstance(sheet, str) and sheet and path.lower().endswith(WITH_LAYERS) else path


def needed_fields(fields: QgsFields, chosen: list[str], known: frozenset[str] | None) -> list[str]:
    """Names of the simple fields to hand over: the chosen ones and those the engine would recognise.

    A GeoPackage knows no capitals in the names of its columns: of two fields alike the chosen one goes, or the first.
    """
    simple = [field.name() for field in fields if _type_number(field) in SIMPLE_TYPES]
    wanted = [name for name in simple if known is None or name in chosen or normal_name(name) in known]
    alike: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: name not in chosen):
        alike.setdefault(name.lower(), name)
    return [name for name in wanted if alike[name.lower()] == name]


def _type_number(field: Any) -> int:
    kind = field.type()
    return int(getattr(kind, "value", kind))


def write_features(
    source: QgsProcessingFeatureSource,
    path: Path,
    name: str,
    names: list[str],
    context: QgsCoordinateTransformContext,
    feedback: QgsProcessingFeedback,
    *,
    at_least: int = 0,
) -> None:
    """Write the fields *names* of every feature into a new GeoPackage. Raises EngineError, Cancelled.

    Fewer rows than *at_least* are an error: half of the incidents would make a calm city.
    """
    fields, places = QgsFields(), []
    for field_name in names:
        places.append(source.fields().lookupField(field_name))
        field = source.fields().at(places[-1])
        fields.append(QgsField(field_name, TEXT) if _type_number(field) == MOMENT else field)
    writer = QgsVectorFileWriter.create(
        str(path), fields, source.wkbType(), source.sourceCrs(), context, _options(name)
    )
    _check(writer, path)
    request = QgsFeatureRequest().setSubsetOfAttributes(places)
    batch: list[QgsFeature] = []
    rows, features = 0, source.getFeatures(request)
    # An iterator over an edited layer calls itself invalid until the first row is asked for.
    if at_least and not features.isValid():
        raise _broken(0, at_least)
    for feature in features:
        rows += 1
        slim = QgsFeature(fields)
        slim.setGeometry(feature.geometry())
        slim.setAttributes([_as_written(feature.attribute(place)) for place in places])
        batch.append(slim)
        if len(batch) == BATCH:
            _flush(writer, batch, path)
            batch = []
            if feedback.isCanceled():
                raise Cancelled
    _flush(writer, batch, path)
    del writer  # closes the file
    if rows < at_least:
        raise _broken(rows, at_least)


def count_rows(source: QgsProcessingFeatureSource, feedback: QgsProcessingFeedback) -> int:
    """How many rows the source has now. Raises EngineError where it cannot be reached, Cancelled."""
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.NoGeometry).setSubsetOfAttributes([])
    rows, features = 0, source.getFeatures(request)
    for _ in features:
        rows += 1
        if rows % BATCH == 0 and feedback.isCanceled():
            raise Cancelled
    if not features.isValid():  # only now: an edited layer asks its provider late
        raise _broken(0, 0)
    return rows


def _broken(rows: int, expected: int) -> EngineError:
    came = tr("{rows} of {expected} rows came.", rows=f"{rows:,}", expected=f"{expected:,}") if expected else ""
    return EngineError(
        " ".join([tr("The layer stopped being there while it was read."), came]).strip(),
        where=tr("the layer's database or service"),
        fix=tr("See whether it can be reached and read, then run again: half of the rows would make a calm city."),
    )


def _as_written(value: Any) -> Any:
    """A moment as text, with its zone only where it has one: a GeoPackage would call every local time UTC."""
    return value.toString(Qt.DateFormat.ISODateWithMs) if isinstance(value, QDateTime) else value


def _options(name: str) -> QgsVectorFileWriter.SaveVectorOptions:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = name
    options.fileEncoding = "UTF-8"
    # A field of the user's may be called fid or geom.
    options.layerOptions = ["FID=gridbeacon_fid", "GEOMETRY_NAME=gridbeacon_geom"]
    return options


def _flush(writer: QgsVectorFileWriter, batch: list[QgsFeature], path: Path) -> None:
    if batch and not writer.addFeatures(batch, QgsFeatureSink.FastInsert):
        _check(writer, path)


def _check(writer: QgsVectorFileWriter, path: Path) -> None:
    if writer.hasError() != QgsVectorFileWriter.NoError:
        raise EngineError(
            tr("A layer could not be written for the engine: {why}", why=writer.errorMessage()),
            where=path.name,
            fix=tr("Make room on the disk of the temporary folder, or save the layer to a file and choose that."),
        )
