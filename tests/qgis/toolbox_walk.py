"""Runs algorithms one after the other in one QGIS, adds their layers as the dialog does, and tells of each."""

import time
from itertools import islice
from pathlib import Path
from threading import Timer

from qgis.core import (
    QgsApplication,
    QgsExpressionContextUtils,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingUtils,
    QgsProject,
    QgsRenderContext,
    QgsSettings,
    QgsVectorLayer,
)
from session import FORBIDDEN, Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog  # noqa: E402 - found only once QGIS is up
from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: E402 - found only once QGIS is up

session.load(wish["name"])
FIRST = 200
registry, project = QgsApplication.processingRegistry(), QgsProject.instance()


def made(algorithm_id):
    if algorithm_id == "chain":
        return chain()
    algorithm = registry.createAlgorithmById(algorithm_id)
    if algorithm is None:
        raise RuntimeError(f"no algorithm {algorithm_id}")
    return algorithm


def chain():
    """A model of the Model Designer: cells are made, and hot spots found on them."""
    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("chain", "tests", "tests")
    calls = QgsProcessingParameterFeatureSource("CALLS", "Calls", [-1])
    model.addModelParameter(calls, QgsProcessingModelParameter("CALLS"))
    cells = QgsProcessingModelChildAlgorithm("gridbeacon:make_cells")
    cells.setChildId("cells")
    cells.addParameterSources("INCIDENTS", [source.fromModelParameter("CALLS")])
    cells.addParameterSources("SIZE", [source.fromStaticValue(1500)])
    model.addChildAlgorithm(cells)
    hot = QgsProcessingModelChildAlgorithm("gridbeacon:getis_ord")
    hot.setChildId("hot")
    hot.addParameterSources("INCIDENTS", [source.fromModelParameter("CALLS")])
    hot.addParameterSources("CELLS", [source.fromChildOutput("cells", "OUTPUT")])
    hot.addParameterSources("AS_OF", [source.fromStaticValue("2026-01-01")])
    # A number of one step decides a setting of another: figures are outputs like any other.
    hot.addParameterSources("WINDOW", [source.fromExpression("if(@cells_ROWS > 100, 28, 7)")])
    out = QgsProcessingModelOutput("HOT", "Hot spots")
    out.setChildId("hot")
    out.setChildOutputName("OUTPUT")
    hot.setModelOutputs({"HOT": out})
    model.addChildAlgorithm(hot)
    return model


def loaded(parameters, algorithm):
    """Parameters whose `LOAD` are taken into the project, as with the dialog's tick box."""
    for definition in algorithm.destinationParameterDefinitions():
        name = definition.name()
        value = parameters.get(name, "TEMPORARY_OUTPUT" if definition.type() != "folderDestination" else None)
        if value is not None and definition.type() == "vectorDestination":
            parameters[name] = QgsProcessingOutputLayerDefinition(value, project)
    return parameters


def facts_of(layer):
    if not isinstance(layer, QgsVectorLayer):
        return {"name": layer.name(), "valid": layer.isValid()}
    renderer = layer.renderer() if layer.isSpatial() else None
    return {
        "name": layer.name(),
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "renderer": renderer.type() if renderer else "",
        "legend": [item.label() for item in renderer.legendSymbolItems()] if renderer else [],
        "drawn": drawn(renderer, layer) if renderer else 0,
    }


def drawn(renderer, layer):
    """How many of the first rows get a symbol."""
    context, found = QgsRenderContext(), 0
    context.expressionContext().appendScopes(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    renderer.startRender(context, layer.fields())
    for feature in islice(layer.getFeatures(), FIRST):
        context.expressionContext().setFeature(feature)
        found += renderer.symbolForFeature(feature, context) is not None
    renderer.stopRender(context)
    return found


def run(job):
    algorithm, context, feedback = made(job["id"]), QgsProcessingContext(), QgsProcessingFeedback(False)
    context.setProject(project)
    parameters = loaded(dict(job["parameters"]), algorithm)
    if "cancel_after" in job:
        Timer(job["cancel_after"], feedback.cancel).start()
    begun, told = time.monotonic(), {}
    usable, why = algorithm.checkParameterValues(parameters, context)
    if not usable:
        return {"error": why}
    try:
        results, done = algorithm.run(parameters, context, feedback)
    except Exception as error:
        return {"error": str(error)}
    told = {"results": results, "error": "" if done else feedback.textLog()[-1500:], "took": time.monotonic() - begun}
    if done and "cancel_after" not in job:
        told["handled"] = handleAlgorithmResults(algorithm, context, feedback, parameters=parameters)
    told["layers"] = [facts_of(node.layer()) for node in project.layerTreeRoot().findLayers()]
    told["left_work"] = [str(path) for path in Path(QgsProcessingUtils.tempFolder()).glob("gridbeacon-*")]
    project.clear()
    return told


def batch(job):
    """The rows of *job* as Processing's own batch dialog runs them; which of their files are there afterwards."""
    dialog = BatchAlgorithmDialog(made(job["id"]))
    rows, until = job["rows"], time.monotonic() + 120
    table = dialog.mainWidget()  # filled in here as by hand
    table.batchRowCount = lambda: len(rows)
    table.parametersForRow = lambda row, **more: (rows[row], True)
    dialog.runAlgorithm()
    while time.monotonic() < until and not all(Path(row["OUTPUT"]).is_file() for row in rows):
        session.app.processEvents()
    return [Path(row["OUTPUT"]).is_file() for row in rows]


def described(algorithm):
    names = {"display": algorithm.displayName(), "group": algorithm.group(), "group_id": algorithm.groupId()}
    return {
        **names,
        "help": algorithm.shortHelpString(),
        "short": algorithm.shortDescription(),
        "icon": Path(algorithm.svgIconPath()).stem if not algorithm.icon().isNull() else "",
        "url": algorithm.helpUrl(),
        "parameters": [
            [item.name(), item.description(), item.help(), item.type(), bool(item.flags() & item.FlagAdvanced)]
            for item in algorithm.parameterDefinitions()
        ],
        "outputs": [[item.name(), item.description(), item.type()] for item in algorithm.outputDefinitions()],
    }


def describe():
    """Every algorithm in both languages, made anew for each."""
    told = {}
    for locale in ("en", "zh_CN"):
        QgsSettings().setValue("locale/userLocale", locale)
        told[locale] = {item.name(): described(item.create()) for item in session.provider().algorithms()}
    return told


facts = {"described": describe()} if wish.get("describe") else {}
answer(
    runs=[{"id": job["id"], **run(job)} for job in wish.get("jobs", [])],
    batch=batch(wish["batch"]) if "batch" in wish else [],
    imported=[name for name in FORBIDDEN if __import__("sys").modules.get(name) is not None],
    **facts,
)
