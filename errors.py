"""Errors an analyst can act on: what is wrong, where it is, what to do. Standard library only.

GridBeaconError
 +- InputError          input or a setting the analyst can correct        exit code 2
 +- EnvironmentProblem  disk, permission, database, missing package       exit code 4
 +- EngineError         the engine process did not finish (plugin side)   exit code 4
 +- AccountError        rows do not add up: a fault of ours               exit code 5
Cancelled is not an error: it is raised by a progress callable to stop the work (exit code 130).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something the analyst should know that stops nothing, in both languages."""

    code: str
    zh: str
    en: str


class Cancelled(Exception):
    """The user asked to stop. Nothing is left half-written."""


class GridBeaconError(Exception):
    """Base of every error raised on purpose by this package."""

    exit_code = 5

    def __init__(self, problem: str, *, where: str, fix: str):
        super().__init__(f"{problem} ({where}). {fix}")
        self.problem, self.where, self.fix = problem, where, fix


class InputError(GridBeaconError, ValueError):
    """Input or a setting the analyst can correct.

    Faces lay the parts out their own way: the command line prints them on three
    lines, QGIS shows *problem* in the message bar and the rest under "More info".
    """

    exit_code = 2


class EnvironmentProblem(GridBeaconError, RuntimeError):
    """The machine, not the data: disk, permission, database, missing package."""

    exit_code = 4


class EngineError(EnvironmentProblem):
    """The engine process could not be started, crashed or was refused."""


class AccountError(GridBeaconError, RuntimeError):
    """The rows that came in and the rows accounted for differ: a fault of ours, never of the data."""
