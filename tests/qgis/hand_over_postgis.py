"""A PostGIS layer with QGIS's own stored credentials: through Processing and through the dock's job; then cut off."""

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsAuthMethodConfig,
    QgsDataSourceUri,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)
from qgis.PyQt.QtTest import QTest
from session import Session, answer, asked

wish = asked()
session = Session()
manager = QgsApplication.authManager()
if not manager.setMasterPassword("of this throw-away profile", True):
    raise RuntimeError("no store for credentials")
login = QgsAuthMethodConfig("Basic")
login.setName("layer_reader")
login.setConfig("username", "layer_reader")
login.setConfig("password", wish["word"])
manager.storeAuthenticationConfig(login)
logged = []
QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].connect(lambda *told: logged.append(str(told)))
import processing  # noqa: E402 - found only once QGIS is up

plugin = session.load(wish["name"])
from importlib import import_module  # noqa: E402

host_room = import_module(f"{wish['name']}.plugin.host")
qgis_host = import_module(f"{wish['name']}.plugin.qgis_host")
project = QgsProject.instance()


def layer_of(table):
    """A table as a layer of the project, opened by the stored credentials alone."""
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", str(wish["port"]), wish["database"], "", "", QgsDataSourceUri.SslPrefer, login.id())
    uri.setDataSource("public", table, "geom", "", "key")
    layer = QgsVectorLayer(uri.uri(False), table, "postgres")
    if not layer.isValid():
        raise RuntimeError(f"{table} does not open")
    project.addMapLayer(layer)
    return layer


def boss(statement):
    """The database's owner does something, over a connection of its own."""
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", str(wish["port"]), wish["database"], "boss", wish["word"])
    metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
    return metadata.createConnection(uri.uri(False), {}).executeSql(statement)


class Cutting(QgsProcessingFeedback):
    """Ends every connection of the reader when it is first asked whether to go on: some rows are read by then."""

    def __init__(self, first, then=""):
        super().__init__(False)
        self.said, self.asked, self.first, self.then = [], 0, first, then

    def pushInfo(self, text):
        self.said.append(text)

    def isCanceled(self):
        self.asked += 1
        if self.asked == self.first:
            if self.then:
                boss(self.then)
            boss("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'layer_reader'")
        return super().isCanceled()


def run(layer, feedback, name):
    """Through Processing; what came of it."""
    context = QgsProcessingContext()
    context.setProject(project)
    parameters = {"INCIDENTS": layer.id(), "OUTPUT": str(Path(wish["folder"]) / name), "CELL_SIZE": 2000}
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("gridbeacon:run")
    try:
        results, error = processing.run(algorithm, parameters, context=context, feedback=feedback), ""
    except Exception as raised:
        results, error = {}, str(raised)
    return {"folder": results.get("RUN_FOLDER", ""), "error": error, "said": feedback.said, "log": feedback.textLog()}


def job(layer, name):
    """As the dock runs it: rows written in a task, the engine beside the window."""
    host = qgis_host.QgisHost(session.face, lambda: None)
    source = next(source for source in host.incident_sources() if source.layer == layer.id())
    request = host_room.Request(incidents=(source,), settings={"cell_size": 2000}, out=str(Path(wish["folder"]) / name))
    work, told = host.job("run", request), {"said": []}
    work.said.connect(told["said"].append)
    work.finished.connect(lambda done: told.update(folder=done["out"]))
    work.failed.connect(lambda error: told.update(error=error.parts()))
    work.start()
    for _ in range(1200):
        QTest.qWait(100)
        if "folder" in told or "error" in told:
            break
    host.close()
    return told


incidents, many = layer_of("incidents"), layer_of("many")
told = {"source": incidents.source(), "whole": run(incidents, Cutting(0), "algorithm"), "job": job(incidents, "dock")}
COUNTING, READING = 5, 20  # of the 15 times it is asked in each
cut = [run(many, Cutting(READING), "cut"), run(many, Cutting(COUNTING), "cut in counting")]
gone = run(many, Cutting(READING, "ALTER ROLE layer_reader NOLOGIN"), "gone")
away = run(many, Cutting(0), "away")
away_job = job(many, "away by the dock")
answer(**told, cut=cut, gone=gone, away=away, away_job=away_job, logged=logged)
