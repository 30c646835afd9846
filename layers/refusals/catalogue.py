"""The tables as one, and the errors made from them. Standard library only."""

from __future__ import annotations

from typing import Any

from ...errors import EnvironmentProblem, InputError, refusals
from .cells import CELLS
from .files import FILES
from .maps import MAPS
from .papers import PAPERS
from .places import PLACES
from .results import RESULTS
from .rows import ROWS

REFUSALS = refusals(FILES, ROWS, PLACES, CELLS, RESULTS, PAPERS, MAPS)
"""Code -> refusal, in the order of the documents."""


def refusal(code: str, *, where: str, **facts: Any) -> InputError:
    """The error for what the user can correct; *facts* fill the words in braces."""
    return REFUSALS[code].error(InputError, where, facts)


def trouble(code: str, *, where: str, **facts: Any) -> EnvironmentProblem:
    """The error for what is the machine's: disk, permission, database, missing package."""
    return REFUSALS[code].error(EnvironmentProblem, where, facts)
