"""The dock over layers that live: filtered, edited, selected in, taken away; what of them reaches the engine."""

import importlib
import tempfile
import threading

from qgis.core import QgsFeature, QgsField, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QVariant
from qgis.PyQt.QtTest import QTest
from session import Session, answer, asked

wish = asked()
session = Session()
plugin = session.load(wish["name"])
host_room, qgis_host, layer_job = (
    importlib.import_module(f"{wish['name']}.plugin.{room}") for room in ("host", "qgis_host", "layer_job")
)
FIELDS = ("工单编号", "受理时间", "类别,细")


def layer_of(name):
    """Ten incidents in memory."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326", name, "memory")
    layer.dataProvider().addAttributes([QgsField(field, QVariant.String) for field in FIELDS])
    layer.updateFields()
    features = []
    for number in range(10):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"D{number}", f"2026-01-0{number % 9 + 1}", "供水"])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(113 + number / 100, 22)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(layer)
    return layer


layer, other = layer_of("工单"), layer_of("别的")
host = qgis_host.QgisHost(session.face, lambda: None)
source = host_room.Source("工单", host_room.POINTS, layer=layer.id())
told = []
host.rows_changed.connect(lambda: told.append("rows"))
host.selection_changed.connect(lambda: told.append("selection"))


def after(change):
    """What the host tells of a change, a moment later."""
    told.clear()
    change()
    QTest.qWait(450)
    return list(told)


def rename():
    layer.startEditing()
    for number in range(1, 6):
        layer.changeAttributeValue(number, 0, "x")


host.watch([source])
changes = {
    "filter": after(lambda: layer.setSubsetString("\"工单编号\" <> 'D9'")),
    "edit": after(rename),
    "take back": after(layer.rollBack),
    "select": after(lambda: layer.selectByIds([1, 2, 3])),
    "another layer": after(lambda: other.setSubsetString("\"工单编号\" = 'D1'")),
}
counted = host.selected(source)


def handed(**facts):
    """Ids and fields of what the engine would be given of the layer."""
    request = host_room.Request(
        incidents=(host_room.Source("工单", host_room.POINTS, layer=layer.id(), **facts),),
        columns={"category": "类别,细"},
    )
    (handover,) = layer_job.LayerJob("run", request)._handovers().values()
    with tempfile.TemporaryDirectory() as folder:
        uri = handover.written(layer_job.Path(folder), QgsProject.instance().transformContext(), Patient())
        path, _, name = uri.rpartition("|")
        copy = QgsVectorLayer(f"{path}|layername={name}", "copy", "ogr")
        rows = sorted(feature["工单编号"] for feature in copy.getFeatures())
        fields = [field for field in copy.fields().names() if field != "gridbeacon_fid"]
        del copy
    return {"rows": rows, "fields": fields, "remark": handover.remark}


class Patient:
    def isCanceled(self):
        return False


whole, selected = handed(), handed(selected=True)
layer.startEditing()
layer.changeAttributeValue(2, 0, "edited")
new = QgsFeature(layer.fields())
new.setAttributes(["new", "2026-01-01", "供水"])
layer.addFeature(new)
layer.selectByIds([1, 2, new.id()])
edited = handed(selected=True)
layer.rollBack()

host.watch([source, host_room.Source("别的", host_room.POINTS, layer=other.id())])
gone = after(lambda: QgsProject.instance().removeMapLayer(other.id()))
host.watch([source])
still = after(lambda: layer.setSubsetString(""))
host.close()
closed = after(lambda: layer.setSubsetString("\"工单编号\" = 'D1'"))
host._follow([layer])  # a run whose layers were opened while the dock was taken away

failed = []


def no_room():
    raise OSError(28, "No space left on device")


job = layer_job.LayerJob("run", host_room.Request(incidents=(source,)))
job.failed.connect(failed.append)
work_folder, layer_job.work_folder = layer_job.work_folder, no_room
job.start()
QTest.qWait(100)

layer_job.work_folder = work_folder


class Hanging:
    """A layer whose database does not answer."""

    path = remark = ""

    def __init__(self):
        self.answer = threading.Event()

    def written(self, *_):
        self.answer.wait(30)
        return "late"


def cancelled_while_it_hangs():
    """Endings told, and whether the work folder is there: while the database hangs, and after it has answered."""
    hanging, told = Hanging(), []
    job = layer_job.LayerJob("run", host_room.Request(incidents=(source,)))
    job._handovers = lambda: {source.key: hanging}
    for name in ("cancelled", "failed", "finished"):
        getattr(job, name).connect(lambda *_, name=name: told.append(name))
    job.start()
    QTest.qWait(200)
    work = job.work
    job.cancel()
    QTest.qWait(2500)
    while_hanging = [*told, work.exists()]
    hanging.answer.set()
    QTest.qWait(1000)
    return while_hanging, [*told, work.exists(), len(layer_job._AT_WORK)]


hung = cancelled_while_it_hangs()


commands = []


class Deaf(host_room.Job):
    """An engine that only keeps what it was asked."""

    def __init__(self, command, *_):
        super().__init__()
        commands.append(command)

    def start(self):
        self.finished.emit({})


layer_job.EngineJob = Deaf
layer_job.LayerJob("run", host_room.Request(incidents=(source,))).start()
QTest.qWait(1500)

hidden = plugin.docking.dock is None
plugin.stories.take_files(["/data/三月.csv"])
taken = [chosen.path for chosen in plugin.docking.dock.form.choices.incidents.chosen()]
drops = plugin.stories.drops
for path in ("/data/一月.csv", "/data/二月.csv"):
    drops.seen = [path]
    drops.offer()
offers = [len(session.face.bar.items())]
session.unload(wish["name"])
QTest.qWait(300)
offers.append(len(session.face.bar.items()))
answer(
    layer=layer.name(),
    hung=hung,
    asked=commands,
    failed=[error.problem for error in failed],
    taken=taken,
    hidden=hidden,
    offers=offers,
    changes=changes,
    counted=counted,
    whole=whole,
    selected=selected,
    edited=edited,
    gone=gone,
    still=still,
    closed=closed,
    follows=host._unfollow is not None,
)
