"""One algorithm for each step of the engine: from incidents and cells to one table, and its figures."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterVectorDestination,
    QgsProviderRegistry,
)

from ..words import pick, tr
from .base import EngineAlgorithm
from .city_files import OF_READING, add_files, file_options
from .fields import add_parameters, read_settings
from .loading import style_on_load
from .sources import CELLS, INCIDENT_FILES, INCIDENTS, add_sources

ENDINGS = ("gpkg", "geojson", "csv")
"""What the engine writes, the usual one first."""
FIRST = ("class_node", "as_of", "window")
"""Settings an analyst thinks of first."""
FOLDED = {"timezone", "bin", "calendar", "duplicates", "default_points", "role"}
"""Settings every step shares and few change; so are those the engine itself calls advanced."""
GEOMETRIES = {"polygon": QgsProcessing.TypeVectorPolygon, "point": QgsProcessing.TypeVectorPoint}


class StepAlgorithm(EngineAlgorithm):
    """Run one step over the chosen layers. The schema describes it; nothing is written twice."""

    @property
    def entry(self):
        return self.schema["steps"][self.key]

    def group(self):
        return pick(self.entry.get("group", ""), self.entry.get("group_zh", ""))

    def groupId(self):
        return "_".join(self.entry.get("group", "").lower().split())

    def icon_name(self):
        return self.groupId()

    def tags(self):
        return [*super().tags(), self.entry.get("group_zh", ""), self.entry.get("group", "")]

    def settings_shown(self):
        plain = [param for param in self.entry["params"] if not param["advanced"] and param["name"] not in FOLDED]
        first = [param for name in FIRST for param in plain if param["name"] == name]
        return [*first, *(param for param in plain if param not in first)]

    @property
    def files(self) -> tuple[str, ...]:
        """Further files the step reads."""
        reading = OF_READING if "incidents" in self.entry["inputs"] else ("CELLS_CRS",)
        return (*(("LEDGER",) if "ledger" in self.entry["inputs"] else ()), *reading)

    sources: Collection[Path] = ()
    """Files the inputs lie in; known once the algorithm is prepared."""

    def initAlgorithm(self, config=None):
        add_sources(self, self.entry["inputs"], cells_needed="incidents" not in self.entry["inputs"])
        shown = self.settings_shown()
        folded = [param for param in self.entry["params"] if param not in shown]
        add_parameters(self, [*shown, *folded], {param["name"] for param in shown})
        add_files(self, self.files)
        kind = GEOMETRIES.get(self.entry.get("geometry", ""), QgsProcessing.TypeVector)
        out = QgsProcessingParameterVectorDestination("OUTPUT", self.displayName(), kind)
        out.setHelp(
            tr("A GeoPackage, GeoJSON (in longitude and latitude) or CSV (without shapes). A file there is replaced.")
        )
        self.addParameter(out)
        self.add_numbers()

    def prepareAlgorithm(self, parameters, context, feedback):
        """On the main thread: as every algorithm; and note the files the inputs lie in."""
        super().prepareAlgorithm(parameters, context, feedback)
        self.sources = self._sources(parameters, context)
        return True

    def own_options(self, parameters, context):
        options = file_options(self, self.files, parameters, context)
        return options + read_settings(self, self.entry["params"], parameters, context)

    def _sources(self, parameters: dict[str, Any], context: QgsProcessingContext) -> set[Path]:
        """The files the inputs lie in."""
        uris = []
        for name in (INCIDENTS, CELLS):
            layer = self.parameterAsVectorLayer(parameters, name, context) if parameters.get(name) else None
            uris += [layer.source()] if layer is not None and layer.providerType() == "ogr" else []
        if self.parameterDefinition(INCIDENT_FILES) is not None:
            uris += self.parameterAsFileList(parameters, INCIDENT_FILES, context)
        decode = QgsProviderRegistry.instance().decodeUri
        return {Path(str(decode("ogr", uri).get("path") or uri)).resolve() for uri in uris if uri}

    def processAlgorithm(self, parameters, context, feedback):
        """In a thread: run the step, and let its table be drawn when it is loaded."""
        # Once, and here: each call names a temporary output anew, and what is queued on the main thread is lost.
        place = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        self._check_place(Path(place))
        done = self.run_engine(["step", self.key, "--replace"], Path(place), context, feedback)
        if not done:
            return {}
        feedback.setProgress(100)
        style_on_load(place, self.key, context, self._title(parameters, context))
        return {"OUTPUT": place, **self.numbers(done)}

    def _check_place(self, place: Path) -> None:
        """The engine writes some kinds of files only, and never over what it reads."""
        if place.suffix.lower().lstrip(".") not in ENDINGS:
            endings = ", ".join(f".{ending}" for ending in ENDINGS)
            told = tr("The result cannot be written as {name}. Choose a file that ends in {endings}.",
                      name=place.name, endings=endings)  # fmt: skip
            raise QgsProcessingException(told)
        if place.resolve() in self.sources:
            raise QgsProcessingException(
                tr("{name} is what the result is made from. Choose another file.", name=place.name)
            )

    def _title(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        """What the layer is called: the algorithm, and the class it was asked for."""
        known = self.parameterDefinition("CLASS_NODE") is not None
        node = self.parameterAsString(parameters, "CLASS_NODE", context).strip() if known else ""
        return f"{self.displayName()} · {node}" if node else self.displayName()
