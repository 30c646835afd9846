"""Errors an analyst can act on: what is wrong, where it is, what to do. Standard library only.

GridBeaconError
 +- InputError          input or a setting the analyst can correct        exit code 2
 +- EnvironmentProblem  disk, permission, database, missing package       exit code 4
 +- EngineError         the engine process did not finish (plugin side)   exit code 4
 +- AccountError        rows do not add up: a fault of ours               exit code 5
Cancelled is not an error: it is raised by a progress callable to stop the work (exit code 130).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar


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

    def __init__(self, problem: str, *, where: str, fix: str, code: str = "", problem_zh: str = "", fix_zh: str = ""):
        super().__init__(f"{problem} ({where}). {fix}")
        self.problem, self.where, self.fix = problem, where, fix
        self.code, self.problem_zh, self.fix_zh = code, problem_zh, fix_zh

    def parts(self) -> dict[str, str]:
        """What the constructor was given, JSON-able: `type(error)(**error.parts())` says the same."""
        plain = {"problem": self.problem, "where": self.where, "fix": self.fix}
        more = {"code": self.code, "problem_zh": self.problem_zh, "fix_zh": self.fix_zh}
        return plain | {name: text for name, text in more.items() if text}


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


Raised = TypeVar("Raised", bound=GridBeaconError)


@dataclass(frozen=True)
class Refusal:
    """Why something is refused and what to do, in both languages; words in braces stand for facts.

    A code never changes its meaning. Facts are counts and names of files, columns and settings, never a person's.
    """

    code: str
    en: str
    zh: str
    fix: str
    fix_zh: str

    def error(self, kind: type[Raised], where: str, facts: Mapping[str, Any]) -> Raised:
        """The error of this *kind* with *facts* put in; `name_zh` stands for `name` in the Chinese text."""
        chinese = {**facts, **{name[:-3]: fact for name, fact in facts.items() if name.endswith("_zh")}}
        return kind(
            self.en.format_map(facts),
            where=where,
            fix=self.fix.format_map(facts),
            code=self.code,
            problem_zh=self.zh.format_map(chinese),
            fix_zh=self.fix_zh.format_map(chinese),
        )


def refusals(*tables: Mapping[str, tuple[str, str, str, str]]) -> dict[str, Refusal]:
    """Tables of code -> (English, Chinese, what to do, what to do in Chinese) as one."""
    return {code: Refusal(code, *texts) for table in tables for code, texts in table.items()}
