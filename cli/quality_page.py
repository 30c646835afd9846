"""docs/data-quality.md: every rule and every notice, from the tables the code itself uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import Refusal

HEAD = (
    "What can be wrong with rows and cells, what becomes of them, and everything an import may tell. Each has a "
    "code that never changes its meaning; `gridbeacon check --out FOLDER` counts the rows of every rule and names "
    "examples by file and row number.\n"
)
ACCOUNT = (
    "Every row that comes in stands in exactly one place of the account; where several rules apply, the first of "
    "the list below is its reason. `rows_in = rows_used + rows_after_as_of + rows_before_period + rows_outside + "
    "rows_duplicate + rows_excluded + rows_quarantined`, or the run fails. A run on chosen classes (`classes`) leaves "
    "out only rows that would count (`P-CLASS-002`): what is said of places, duplicates, default points and missing "
    "data rests on every class, and `rows_used + rows_excluded` is the same whichever are chosen.\n"
)
ACROSS = (
    "Two rows of different sources tell of one event if they lie within `duplicate_metres` and "
    "`duplicate_minutes` of each other and their classes agree: the same first two levels, or one class contains "
    "the other. The earlier row is kept and remembers the other source, which then counts as a second voice for a "
    "rise. A row takes at most one row of each other source, so ten calls and five police reports of one burst "
    "pipe are ten events, five of them confirmed. Rows on default points, rows placed by a code, rows without a "
    "class and rows whose time is a bare date are never dropped this way. Pairs within twice both limits are near "
    "misses: told, and kept.\n"
)
REFUSED = (
    "They stop the work; nothing is half-written. The message says where, and with GRIDBEACON_LANG=zh it is in "
    "Chinese. Words in braces are figures and names of files, columns and settings.\n"
)


def data_quality_page(generated: str) -> str:
    """The whole page in Markdown; *generated* is the line that says so."""
    from ..layers.grids.rules import CELL_NOTICES, CELL_RULES
    from ..layers.incidents.rules import DUPLICATES, NOT_CHOSEN, NOTICES, RULES

    rules = [(r.code, r.zh, r.en, r.fix) for r in (*RULES.values(), NOT_CHOSEN)]
    doubles = [(r.code, r.zh, r.en, r.fix) for r in DUPLICATES.values()]
    cells = [(r.code, r.zh, r.en, ("Refused. " if r.refused else "") + r.fix) for r in CELL_RULES.values()]
    refused = [(r.code, r.zh, r.en, r.fix, r.fix_zh) for _, r in sorted(every_refusal().items())]
    notices = [(code, zh, en) for code, (zh, en) in sorted({**NOTICES, **CELL_NOTICES}.items())]
    parts = [
        "# Data quality: every rule\n\n" + generated + HEAD,
        "## Rows set aside\n\n" + ACCOUNT + "\n" + _table(("code", "说明", "what", "what to do"), rules),
        "## Duplicates\n\n" + ACROSS + "\n" + _table(("code", "说明", "what", "what to do"), doubles),
        "## Cells\n\n" + _table(("code", "说明", "what", "what to do"), cells),
        "## Refusals\n\n" + REFUSED + "\n" + _table(("code", "说明", "what", "what to do", "处理办法"), refused),
        "## Notices\n\nThey stop nothing. Words in braces are figures and names of columns and files.\n\n"
        + _table(("code", "提示", "notice"), notices),
    ]
    return "\n".join(parts)


def every_refusal() -> dict[str, Refusal]:
    """Code -> refusal of all rooms: data, settings, models, runs, the command line."""
    from ..layers.refusals import REFUSALS as OF_DATA
    from ..models.refusals import REFUSALS as OF_MODELS
    from ..params import REFUSALS as OF_SETTINGS
    from ..pipeline.refusals import REFUSALS as OF_RUNS
    from .refusals import REFUSALS as OF_COMMANDS

    return {**OF_DATA, **OF_SETTINGS, **OF_MODELS, **OF_RUNS, **OF_COMMANDS}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for code, *rest in rows:
        lines.append("| " + " | ".join([f"`{code}`", *(text.replace("|", "\\|") for text in rest)]) + " |")
    return "\n".join(lines) + "\n"
