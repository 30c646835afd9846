"""Every nasty input ends in one of two ways: an account that adds up, or one error that says what to do."""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from pathlib import Path

import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.run_folder import ACCOUNT
from gridbeacon.pipeline import Plan, check_inputs
from nasty import PERSONAL, all_makers
from nasty.grids import squares, write_cells

NASTY = all_makers()
ENDS: dict[str, tuple[str, str]] = {}
ROOT = Path(__file__).parents[1]
HEAD = """# Nasty inputs

{n} inputs, made by `tests/nasty/` when the tests run. Each has the one end that is right for it, and the tests hold it
to that: it is read and its account adds up ({read}), or it is refused with one message that says what, where and what
to do ({refused}). Written by `make evidence`.

| input | end | account, or problem / where / fix |
|---|---|---|
"""


@pytest.fixture(scope="module")
def four_squares(tmp_path_factory):
    ids = [f"44010500100312{n:04d}" for n in range(4)]
    return write_cells(tmp_path_factory.mktemp("cells") / "cells.gpkg", squares(), ids)


@pytest.fixture(scope="module", autouse=True)
def table_of_ends():
    """After the last one: a table of how each ended, on the screen (-s), and in docs/ where evidence is written."""
    yield
    lines = [f"| {name} | {end} | {text.replace('|', '/')[:160]} |" for name, (end, text) in sorted(ENDS.items())]
    tally = Counter(end for end, _ in ENDS.values())
    print("", *lines, f"{len(ENDS)} inputs: {dict(tally)}", sep="\n")
    if os.environ.get("GRIDBEACON_WRITE_DOCS") and len(ENDS) == len(NASTY):
        (ROOT / "docs" / "nasty-inputs.md").write_text(HEAD.format(n=len(ENDS), **tally) + "\n".join(lines) + "\n")


def told(error: Exception) -> str:
    return f"{error.problem} | {error.where} | {error.fix}"


@pytest.mark.parametrize("name", NASTY)
def test_nothing_is_lost_and_nobody_is_named(name, four_squares, tmp_path, caplog):
    case = NASTY[name]
    handed = case.handed(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = check_inputs(
                Plan(as_of="2026-02-01"), handed.incidents, handed.cells or four_squares, columns=handed.columns or None
            )
        except InputError as error:
            ENDS[name] = ("refused", told(error))
            text = told(error) + caplog.text
            assert case.fate == "refused", told(error)
            assert case.words in error.problem
            assert all(part.strip() for part in (error.problem, error.where, error.fix))
            assert not any(value in text for value in PERSONAL), text
            assert str(tmp_path) not in text
            return
    account = found["account"]
    ENDS[name] = ("read", " ".join(f"{key[5:]} {n}" for key, n in account.items() if n))
    assert case.fate == "read", account
    assert tuple(account) == ACCOUNT
    assert account["rows_in"] == sum(n for key, n in account.items() if key != "rows_in")
    assert {key: account[key] for key in case.account} == case.account
    text = json.dumps(found, ensure_ascii=False, allow_nan=False) + caplog.text
    assert not any(value in text for value in PERSONAL)


def test_the_corpus_is_large():
    """Each has one end: an account with its figures, or a refusal with its words."""
    assert len(NASTY) >= 200
    assert {case.fate for case in NASTY.values()} == {"read", "refused"}
    assert sum(bool(case.account) for case in NASTY.values()) >= 120
