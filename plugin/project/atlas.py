"""A print layout for the warnings of a run: an atlas, a page for each warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsLayoutItemPage,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
)

from ...errors import EnvironmentProblem, InputError
from ..words import tr
from . import page, provenance
from .contents import contents, manifest
from .results import group_name, layers_of, run_key, show_run

OF_RUN = "gridbeacon/run"


def print_warnings(iface: Any, folder: Path) -> None:
    """Open the layout of the run's warnings with the first page in sight; one that is there is opened as it is.

    Raises InputError where the run has no warnings, EnvironmentProblem where its layers cannot be opened.
    """
    project = QgsProject.instance()
    show_run(folder, project, canvas=iface.mapCanvas())  # what the user has taken out is needed again
    layout = layout_of(folder, project) or make_layout(folder, project)
    designer = iface.openLayoutDesigner(layout)
    designer.setAtlasPreviewEnabled(True)
    designer.view().zoomFull()


def layout_of(folder: Path, project: QgsProject) -> QgsPrintLayout | None:
    """The run's layout in the project, whatever the user has called it since; None where there is none."""
    layouts = project.layoutManager().printLayouts()
    return next((layout for layout in layouts if layout.customProperty(OF_RUN) == run_key(folder)), None)


def make_layout(folder: Path, project: QgsProject) -> QgsPrintLayout:
    """The layout, added to the project. The run's layers are in it already. Raises InputError without warnings."""
    layers = layers_of(folder, project)
    warnings = layers.get("EARLY_WARNINGS")
    if not isinstance(warnings, QgsVectorLayer) or next(warnings.getFeatures(), None) is None:
        raise InputError(
            tr("This run has no early warnings to print."),
            where=folder.name,
            fix=tr("The briefing says what was checked, and the smallest rise that would have been seen."),
        )
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(_free_name(group_name(folder), project))
    layout.setCustomProperty(OF_RUN, run_key(folder))
    layout.pageCollection().page(0).setPageSize("A4", QgsLayoutItemPage.Orientation.Landscape)
    _tell(layout, manifest(folder))
    _follow(layout, warnings)
    drawn = [layers[name] for name in ("EARLY_WARNINGS", "CELLS", "RISK")]
    sheet = page.Page(layout)
    held = contents(folder)
    bounds, finest = QgsRectangle(*held.extent), held.levels[0][0]
    main = page.draw_map(sheet, drawn, bounds, finest)
    page.draw_overview(sheet, main, layers["CELLS"], bounds)
    page.draw_head(sheet)
    page.draw_figures(sheet, warnings)
    page.draw_legend(sheet, main, warnings, page.LEGENDS[0])
    page.draw_legend(sheet, main, layers["RISK"], page.LEGENDS[1])
    page.draw_foot(sheet)
    project.layoutManager().addLayout(layout)
    return layout


def _free_name(name: str, project: QgsProject) -> str:
    taken = {layout.name() for layout in project.layoutManager().layouts()}
    names = [name, *(f"{name} ({number})" for number in range(2, len(taken) + 3))]
    return next(free for free in names if free not in taken)


def _tell(layout: QgsPrintLayout, facts: dict[str, Any]) -> None:
    """The run's own lines as variables: their text is shown and never evaluated."""
    plan = facts.get("plan", {}).get("plan", {})
    lines = {
        "title": f"{plan.get('city', '')} {plan.get('title', '')}".strip(),
        "classification": plan.get("classification") or "",
        "statutory": provenance.statutory(),
        "account": provenance.account(facts),
        "chance": provenance.chance(facts),
        "run": tr(
            "Data up to {moment}; run {run}, GridBeacon {version}",
            moment=provenance.moment(str(facts.get("as_of", ""))),
            run=facts.get("run_id", ""),
            version=facts.get("version", ""),
        ),
    }
    for name, text in lines.items():
        QgsExpressionContextUtils.setLayoutVariable(layout, f"gridbeacon_{name}", text)


def _follow(layout: QgsPrintLayout, warnings: QgsVectorLayer) -> None:
    """A page for each warning, the most urgent first."""
    atlas = layout.atlas()
    atlas.setCoverageLayer(warnings)
    atlas.setEnabled(True)
    atlas.setSortFeatures(True)
    atlas.setSortExpression('"rank"')
    atlas.setPageNameExpression('"rank"')
    atlas.setFilenameExpression("'warning_' || lpad(@atlas_featurenumber, 3, '0')")


def export_pages(layout: QgsPrintLayout, path: Path) -> None:
    """All pages into one PDF in which text can be searched. Raises EnvironmentProblem."""
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.textRenderFormat = QgsRenderContext.TextRenderFormat.AlwaysText
    done, why = QgsLayoutExporter.exportToPdf(layout.atlas(), str(path), settings)
    if done != QgsLayoutExporter.ExportResult.Success:
        raise EnvironmentProblem(
            tr("The pages could not be written: {why}", why=why or str(done)),
            where=path.name,
            fix=tr("Choose a folder that can be written to, and close the file where it is open."),
        )
