"""Results on their way into the project: styled by a post-processor, on the main thread."""

from __future__ import annotations

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsVectorLayer,
)

from .styling import furnish

_WAITING: list[QgsProcessingLayerPostProcessorInterface] = []
"""Post-processors on their way: Processing keeps no reference of its own, and Python would collect them."""
MANY = 100


class Furnisher(QgsProcessingLayerPostProcessorInterface):
    """Gives the layer of one table its style and its columns their names."""

    def __init__(self, step: str):
        super().__init__()
        self.step = step

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback):
        """Called by Processing on the main thread, after the layer was added to the project."""
        if isinstance(layer, QgsVectorLayer):
            furnish(layer, self.step)
            layer.triggerRepaint()


def load_layer(uri: str, title: str, output: str, step: str, context: QgsProcessingContext) -> None:
    """Queue a layer that was written beside the outputs the user chose; it is added when Processing is back."""
    if context.project() is None:
        return
    details = QgsProcessingContext.LayerDetails(title, context.project(), output)
    details.forceName = True
    context.addLayerToLoadOnCompletion(uri, details)
    style_on_load(uri, step, context)


def style_on_load(uri: str, step: str, context: QgsProcessingContext, title: str = "") -> None:
    """Let the layer *uri*, if it is to be loaded, be drawn as the table of *step*, and be called *title*."""
    if not context.willLoadLayerOnCompletion(uri):
        return
    details = context.layerToLoadOnCompletionDetails(uri)
    if title and not details.forceName:
        details.name, details.forceName = title, True
    # One for each layer: the context deletes it with the layer's details, and a shared one would be deleted twice.
    furnisher = Furnisher(step)
    _WAITING.append(furnisher)
    del _WAITING[:-MANY]
    details.setPostProcessor(furnisher)
