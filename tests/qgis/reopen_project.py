"""A run is shown in a project, the project saved and opened again, the run's folder taken away; told as JSON."""

import shutil
from pathlib import Path

from session import Session, answer, asked

wish = asked()
session = Session("en")
plugin = session.load(wish["name"])

from gridbeacon.errors import GridBeaconError  # noqa: E402 - found only once QGIS is up
from gridbeacon.plugin.layer_job import LayerJob  # noqa: E402
from gridbeacon.plugin.project import places, results  # noqa: E402
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsTemporalNavigationObject, QgsVectorLayer  # noqa: E402

folder, project, canvas = Path(wish["run"]), QgsProject.instance(), session.face.canvas
OFF = QgsTemporalNavigationObject.NavigationMode.NavigationOff


def controller():
    """As QGIS's own when a project is opened: nothing is played."""
    made = QgsTemporalNavigationObject(canvas)
    canvas.setTemporalController(made)
    return made


def state(navigation):
    return [int(navigation.navigationMode()), navigation.totalFrameCount(), navigation.currentFrameNumber()]


def opened(change=None):
    """The saved project, after *change*, opened again in a window where nothing is played."""
    assert project.write(str(folder.parent / "city.qgz"))
    project.clear()
    navigation = controller()
    assert project.read(str(folder.parent / "city.qgz"))
    if change:
        change()
    session.face.projectRead.emit()
    return state(navigation)


def turned_off_by_hand():
    project.writeEntry("TemporalControllerWidget", "/NavigationMode", int(OFF))


first = controller()
results.show_run(folder, project, canvas=canvas)
told = {"first": state(first), "extents": {}}
for layer in project.mapLayers().values():
    told["extents"][str(layer.customProperty("gridbeacon/layer"))] = layer.extent().toString(0)
told["again"], told["by_hand"] = opened(), opened(turned_off_by_hand)
warning = wish["warnings"][0]
shutil.move(folder, folder.parent / "elsewhere")
try:
    places.flash(session.face, folder, warning)
except GridBeaconError as error:
    told["gone"] = error.problem

project.clear()
lost = QgsVectorLayer("Point?field=time:string", "来电", "memory")
feature = QgsFeature(lost.fields())
feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(120, 23)))
lost.dataProvider().addFeature(feature)
project.addMapLayer(lost)
from gridbeacon.plugin.host import POINTS, Request, Source  # noqa: E402

told["errors"] = []
for crs in ("", "EPSG:4326"):
    lost.setCrs(type(lost.crs())(crs))
    job = LayerJob(
        "check", Request(incidents=(Source("来电", POINTS, layer=lost.id()),), out=str(folder.parent / "out"))
    )
    ended = []
    job.failed.connect(ended.append)
    job.finished.connect(ended.append)
    job.start()
    while not ended:
        session.app.processEvents()
    told["errors"].append([ended[0].problem, ended[0].where])
answer(**told)
