"""Makes the plugin's ready models (`plugin/models/*.model3`) with QGIS's own classes, into the folder asked for."""

from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF
from session import Session, answer, asked

GROUP = ("Ready models", "ready_models")
INCIDENTS = QgsProcessingParameterFeatureSource("INCIDENTS", "Incidents", [QgsProcessing.TypeVector])
CELLS = QgsProcessingParameterFeatureSource("CELLS", "Cells", [QgsProcessing.TypeVectorPolygon])
CLASS_NODE = QgsProcessingParameterString("CLASS_NODE", "Class", "", False, True)
AS_OF = QgsProcessingParameterString("AS_OF", "Moment of decision", "", False, True)
from_parameter = QgsProcessingModelChildParameterSource.fromModelParameter
from_child = QgsProcessingModelChildParameterSource.fromChildOutput
from_value = QgsProcessingModelChildParameterSource.fromStaticValue


def begin(name, parameters):
    """A model with its inputs in a column at the left."""
    model = QgsProcessingModelAlgorithm(name, *GROUP)
    for row, parameter in enumerate(parameters):
        placed = QgsProcessingModelParameter(parameter.name())
        placed.setPosition(QPointF(150, 80 + 110 * row))
        model.addModelParameter(parameter.clone(), placed)
    model.setParameterOrder([parameter.name() for parameter in parameters])
    return model


def add(model, step, place, sources, outputs):
    """A step of the engine as a child: where its parameters come from, and which of its outputs are the model's."""
    child = QgsProcessingModelChildAlgorithm(f"gridbeacon:{step}")
    child.setChildId(step)
    child.setDescription(step)
    child.setPosition(QPointF(*place))
    for name, source in sources.items():
        child.addParameterSources(name, [source])
    made = {}
    for name, (label, output) in outputs.items():
        out = QgsProcessingModelOutput(name, label)
        out.setChildId(step)
        out.setChildOutputName(output)
        out.setPosition(QPointF(place[0] + 230, place[1] + 60))
        made[name] = out
    child.setModelOutputs(made)
    model.addChildAlgorithm(child)


def own(*names):
    """Child parameters that take the model's parameter of the same name."""
    return {name: from_parameter(name) for name in names}


def weekly_hot_spots():
    """Hot spots of four weeks, and how hot spots came about over twelve, of one class."""
    model = begin("weekly_hot_spots", [INCIDENTS, CELLS, CLASS_NODE, AS_OF])
    given = own("INCIDENTS", "CELLS", "CLASS_NODE", "AS_OF")
    add(model, "getis_ord", (480, 120), given, {"HOT_SPOTS": ("Hot spots", "OUTPUT")})
    twelve_weeks = {**given, "WINDOW": from_value(84)}
    add(model, "emerging", (480, 330), twelve_weeks, {"EMERGING": ("How hot spots came about", "OUTPUT")})
    return model


def repaired_run():
    """Cells examined and repaired, and the whole morning on the repaired copy."""
    runs = QgsProcessingParameterFile("RUNS", "Folder for runs", QgsProcessingParameterFile.Folder)
    model = begin("repaired_run", [INCIDENTS, CELLS, AS_OF, runs])
    add(model, "topology", (480, 80), own("CELLS"), {"FAULTS": ("Faults of the cells", "OUTPUT")})
    add(model, "repair_cells", (480, 260), own("CELLS"), {"REPAIRED": ("Repaired cells", "OUTPUT")})
    whole = {
        **own("INCIDENTS", "AS_OF"),
        "CELLS": from_child("repair_cells", "OUTPUT"),
        "OUTPUT": from_parameter("RUNS"),
    }
    add(model, "run", (480, 440), whole, {})
    return model


def density_and_hot_spots():
    """The density surface of one class, and its hot spots."""
    model = begin("density_and_hot_spots", [INCIDENTS, CELLS, CLASS_NODE, AS_OF])
    given = own("INCIDENTS", "CELLS", "CLASS_NODE", "AS_OF")
    add(model, "density_surface", (480, 120), given, {"DENSITY": ("Density", "OUTPUT")})
    add(model, "getis_ord", (480, 330), given, {"HOT_SPOTS": ("Hot spots", "OUTPUT")})
    return model


wish = asked()
session = Session()
session.load(wish["name"])
folder = Path(wish["folder"])
made = []
for make in (weekly_hot_spots, repaired_run, density_and_hot_spots):
    path = folder / f"{make.__name__}.model3"
    if not make().toFile(str(path)):
        raise RuntimeError(f"{path} was not written")
    made.append(path.name)
answer(made=made)
