"""Shows which layers go to the engine by their own path and which are written, and what of them is written."""

import importlib
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProject,
    QgsProperty,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant
from session import Session, answer, asked

wish = asked()
folder = Path(wish["folder"])
session = Session()
session.load(wish["name"])
convert = importlib.import_module(f"{wish['name']}.plugin.toolbox.convert")
schema = importlib.import_module(f"{wish['name']}.plugin.schema")
project = QgsProject.instance()

memory = QgsVectorLayer("Point?crs=EPSG:4490", "工单", "memory")
memory.dataProvider().addAttributes(
    [
        QgsField("工单编号", QVariant.String),
        QgsField("受理时间", QVariant.DateTime),
        QgsField("诉求大类", QVariant.String),
        QgsField("来电人姓名", QVariant.String),
        QgsField("fid", QVariant.Int),
        QgsField("标签", QVariant.StringList, "stringlist", subType=QVariant.String),
        QgsField("自定类别", QVariant.String),
    ]
)
memory.updateFields()
for number in range(5):
    feature = QgsFeature(memory.fields())
    feature.setAttributes([f"00510100{number:012d}", "2026-01-05T08:00:00", "供水'; DROP", "张三", 7, ["a"], "水"])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(103 + number / 100, 30)))
    memory.dataProvider().addFeature(feature)
project.addMapLayer(memory)

path = str(folder / "工单 表.gpkg")
options = QgsVectorFileWriter.SaveVectorOptions()
options.layerName = "calls"
options.layerOptions = ["FID=key"]
options.attributes = [0, 1, 2, 3, 6]
QgsVectorFileWriter.writeAsVectorFormatV3(memory, path, QgsCoordinateTransformContext(), options)


def layer(uri=f"{path}|layername=calls", provider="ogr"):
    made = QgsVectorLayer(uri, "calls", provider)
    project.addMapLayer(made)
    return made


plain, filtered, edited, recast, foreign = layer(), layer(), layer(), layer(), layer()
filtered.setSubsetString("\"工单编号\" LIKE '%1'")
edited.startEditing()
edited.deleteFeature(next(edited.getFeatures()).id())
recast.setCrs(QgsCoordinateReferenceSystem("EPSG:32648"))
foreign.addExpressionField("'x'", QgsField("virtual", QVariant.String))
csv = folder / "calls.csv"
csv.write_text("case_id,time,category,lon,lat\n1,2026-01-05 08:00,water,103,30\n", encoding="utf-8")
table, delimited = (
    layer(str(csv)),
    layer(f"{csv.as_uri()}?type=csv&xField=lon&yField=lat&crs=EPSG:4326", "delimitedtext"),
)

cells = QgsVectorLayer("Polygon?crs=EPSG:4490&field=code:string&field=Code:string&field=geom:string", "网格", "memory")
square = QgsFeature(cells.fields())
square.setAttributes(["a", "A", "POLYGON"])
square.setGeometry(QgsGeometry.fromWkt("Polygon((0 0, 1 0, 1 1, 0 0))"))
cells.dataProvider().addFeature(square)
project.addMapLayer(cells)

algorithm = session.provider().algorithm("run").create()
context = QgsProcessingContext()
context.setProject(project)
work = folder / "work"
work.mkdir()


def handed(value, chosen=(), known=None, name="INCIDENTS"):
    """What the engine would be given: its own path, or the written table's fields and rows."""
    handover = convert.hand_over(algorithm, name, {name: value}, context, list(chosen), known)
    if handover is None or handover.path:
        return handover and handover.path
    uri = handover.written(work, QgsCoordinateTransformContext(), QgsProcessingFeedback())
    file, _, table_name = uri.rpartition("|")
    copy = QgsVectorLayer(f"{file}|layername={table_name}", "copy", "ogr")
    rows = [
        [feature[field] for field in copy.fields().names() if field != "gridbeacon_fid"]
        for feature in copy.getFeatures()
    ]
    facts = {
        "fields": [name for name in copy.fields().names() if name != "gridbeacon_fid"],
        "rows": [[str(value) for value in row] for row in rows],
        "crs": copy.crs().authid(),
        "spatial": copy.isSpatial(),
        "first": next(copy.getFeatures()).geometry().asWkt(2) if copy.featureCount() else "",
    }
    del copy
    Path(file).unlink()
    return facts


def asked_of_the_engine(value):
    """The remarks in the command a run over the layer *value* would give."""
    commands = []
    algorithm.layers = {"--incidents": convert.hand_over(algorithm, "INCIDENTS", {"INCIDENTS": value}, context, [])}
    algorithm.run_engine = lambda command, *_: commands.append(command) or {}
    algorithm.processAlgorithm({"OUTPUT": str(folder / "runs")}, context, QgsProcessingFeedback())
    return [part for part in commands[0] if part.startswith("--remark")]


memory.selectByExpression("\"工单编号\" LIKE '%3'")
answer(
    remarks=[
        asked_of_the_engine(plain.id()),
        asked_of_the_engine(filtered.id()),
        asked_of_the_engine(QgsProcessingFeatureSourceDefinition(QgsProperty.fromValue(memory.id()), True)),
        asked_of_the_engine(QgsProcessingFeatureSourceDefinition(QgsProperty.fromValue(memory.id()), False, 1)),
    ],
    empty=handed(None),
    plain=handed(plain.id()),
    by_path=handed(path),
    filtered=handed(filtered.id()),
    edited=handed(edited.id()),
    recast=handed(recast.id()),
    virtual=handed(foreign.id()),
    table=handed(table.id()),
    delimited=handed(delimited.id()),
    memory=handed(memory.id()),
    known=handed(memory.id(), ["自定类别"], schema.known_columns()),
    alike=handed(cells.id(), ["Code"], name="CELLS"),
    selected=handed(QgsProcessingFeatureSourceDefinition(QgsProperty.fromValue(memory.id()), True)),
)
