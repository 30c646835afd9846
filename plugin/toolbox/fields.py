"""Settings of the schema as Processing parameters, and back as the engine's options."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..schema import choice_of, help_of, unit_of
from ..schema import label_of as plain_label_of

# QGIS moved this enum in 3.36; only the name without its scope works before and after.
ADVANCED = QgsProcessingParameterDefinition.FlagAdvanced
CHOICE_BOX = f"{__package__}.choice_box.ChoiceBox"
"""Named, not imported: without a window there is no need of it."""


def name_of(param: dict[str, Any]) -> str:
    """The parameter's name in Processing: WINDOW for the setting `window`. These names are API."""
    return param["name"].upper()


def add_parameters(algorithm: QgsProcessingAlgorithm, params: Iterable[dict[str, Any]], shown: Container[str]) -> None:
    """Give *algorithm* one parameter for each setting; those not in *shown* are folded away as advanced."""
    for param in params:
        algorithm.addParameter(parameter_of({**param, "advanced": param["name"] not in shown}))


def parameter_of(param: dict[str, Any]) -> QgsProcessingParameterDefinition:
    """One setting as a Processing parameter: label, help, bounds, choices, default."""
    made = _MAKERS[param["type"]](param)
    made.setHelp(help_of(param))
    if param.get("advanced"):
        made.setFlags(made.flags() | ADVANCED)
    return made


def label_of(param: dict[str, Any]) -> str:
    """What the dialog calls the setting, with its unit."""
    words, unit = plain_label_of(param), unit_of(param)
    return f"{words} ({unit})" if unit else words


def read_settings(
    algorithm: QgsProcessingAlgorithm,
    params: Iterable[dict[str, Any]],
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> list[str]:
    """The engine's options for every setting that differs from its default."""
    options: list[str] = []
    for param in params:
        value = _READERS[param["type"]](algorithm, parameters, name_of(param), context)
        if value is not None and value != _plain(param):
            options += option_of(param, value)
    return options


def option_of(param: dict[str, Any], value: Any) -> list[str]:
    """One setting the way the command line spells it."""
    name = param["name"].replace("_", "-")
    if param["type"] == "bool":
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}={value}"]


def _plain(param: dict[str, Any]) -> Any:
    """The default, as the reader of its type would give it."""
    default = param.get("default")
    if param["type"] == "list":
        return ",".join(str(item) for item in default or [])
    if param["type"] in ("text", "choice"):
        return default or ""
    return default


def _number(param: dict[str, Any]) -> QgsProcessingParameterDefinition:
    kinds = QgsProcessingParameterNumber
    made = kinds(
        name_of(param),
        label_of(param),
        kinds.Integer if param["type"] == "int" else kinds.Double,
        param.get("default"),
        param.get("default") is None,
    )
    if param.get("low") is not None:
        made.setMinimum(param["low"])
    if param.get("high") is not None:
        made.setMaximum(param["high"])
    return made


def _switch(param: dict[str, Any]) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(name_of(param), label_of(param), bool(param.get("default")))


def _choice(param: dict[str, Any]) -> QgsProcessingParameterDefinition:
    # Static strings: scripts and qgis_process name the choice itself, never its number.
    made = QgsProcessingParameterEnum(
        name_of(param), label_of(param), param["choices"], False, param.get("default"), False, True
    )
    return said(made, {value: choice_of(param, value) for value in param["choices"]})


def said(made: QgsProcessingParameterEnum, words: dict[str, str]) -> QgsProcessingParameterEnum:
    """*made* with its values called by *words* in dialogs; what is chosen, kept and scripted stays the value."""
    made.setMetadata({"widget_wrapper": {"class": CHOICE_BOX, "words": words}})
    return made


def _text(param: dict[str, Any]) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(name_of(param), label_of(param), _plain(param), False, True)


_MAKERS = {"float": _number, "int": _number, "bool": _switch, "choice": _choice, "text": _text, "list": _text}


def _read_number(algorithm, parameters, name, context):
    return algorithm.parameterAsDouble(parameters, name, context) if parameters.get(name) is not None else None


def _read_whole(algorithm, parameters, name, context):
    return algorithm.parameterAsInt(parameters, name, context) if parameters.get(name) is not None else None


def _read_switch(algorithm, parameters, name, context):
    return algorithm.parameterAsBool(parameters, name, context)


def _read_choice(algorithm, parameters, name, context):
    return algorithm.parameterAsEnumString(parameters, name, context)


def _read_text(algorithm, parameters, name, context):
    return algorithm.parameterAsString(parameters, name, context).strip()


_READERS = {
    "float": _read_number,
    "int": _read_whole,
    "bool": _read_switch,
    "choice": _read_choice,
    "text": _read_text,
    "list": _read_text,
}
