"""What the lists of choices say in Processing's dialogs and in the Model Designer's, and what they are worth."""

from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingModelChildParameterSource
from qgis.PyQt.QtWidgets import QComboBox
from session import Session, answer, asked

wish = asked()
session = Session(wish["locale"])
session.face.browserModel = lambda: None  # asked for by the panels of the dialogs
from processing.gui.AlgorithmDialog import AlgorithmDialog  # noqa: E402 - found only once QGIS is up
from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog  # noqa: E402
from processing.modeler.ModelerParametersDialog import ModelerParametersDialog  # noqa: E402

session.load(wish["name"])


def made(name):
    return QgsApplication.processingRegistry().createAlgorithmById(f"gridbeacon:{name}")


def texts(box):
    return [box.itemText(place) for place in range(box.count())]


def in_dialog(name, parameter, chosen):
    """The list as it opens; then the value the algorithm gets when *chosen* is put in by a script and by hand."""
    dialog = AlgorithmDialog(made(name), False, session.face.window)
    wrapper = dialog.mainWidget().wrappers[parameter]
    told = {"texts": texts(wrapper.widget), "first": wrapper.parameterValue()}
    dialog.setParameters({parameter: chosen})
    told["set"] = [wrapper.widget.currentText(), dialog.createProcessingParameters()[parameter]]
    wrapper.widget.setCurrentIndex(0)
    told["by_hand"] = wrapper.parameterValue()
    return told


def in_batch(name, parameter):
    panel = BatchAlgorithmDialog(made(name), session.face.window).mainWidget()
    column = panel.parameter_to_column[parameter]
    return texts(panel.wrappers[0][column].widget)


def in_designer(name, parameter, chosen):
    """The list in the Model Designer, and what a model keeps of it."""
    dialog = ModelerParametersDialog(made(name), QgsProcessingModelAlgorithm("m", "g", "m"))
    wrapper = dialog.widget.widget.wrappers[parameter] if hasattr(dialog, "widget") else dialog.wrappers[parameter]
    wrapper.setWidgetValue(QgsProcessingModelChildParameterSource.fromStaticValue(chosen))
    lists = [box for box in wrapper.findChildren(QComboBox) if box.findData(chosen) >= 0]
    kept = wrapper.value()
    return {"texts": [texts(box) for box in lists], "kept": kept.staticValue()}


model = made("weekly_hot_spots")  # its definitions live as long as it does
answer(
    dialog=[in_dialog(*ask) for ask in wish["dialog"]],
    batch=[in_batch(*ask) for ask in wish["batch"]],
    designer=[in_designer(*ask) for ask in wish["designer"]],
    ready={
        definition.name(): [definition.description(), definition.help()] for definition in model.parameterDefinitions()
    },
    ready_help=model.shortHelpString(),
)
