"""Counts of any length of file: in pieces or whole, the same table, and an account that adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.inputs import Files
from gridbeacon.cli.steps import run_step
from gridbeacon.cube import Counts, sum_counts
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import pieces
from gridbeacon.layers.privacy import ClassPolicy, Privacy
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline import stream as stream_room
from gridbeacon.pipeline import sums as sums_room
from gridbeacon.pipeline.stream import count_files
from gridbeacon.pipeline.sums import Sums, table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty import HEADER, ROWS, changed, put
from nasty.grids import squares, write_cells

AS_OF = "2026-01-04"


def rows(n, start=0):
    made = [",".join([f"N{k}", *ROWS[k % 8].split(",")[1:]]) for k in range(start, start + n)]
    made[n // 2] = made[n // 2].replace("113.", "x")
    made[n // 3] = made[n // 3].rsplit(",", 4)[0]
    return made


@pytest.fixture
def city(tmp_path, monkeypatch):
    """(incidents, cells): duplicates, quarantined rows, rows outside and rows after `AS_OF`, in many pieces."""
    monkeypatch.setattr(pieces, "PIECE", 2_000)
    cells = write_cells(tmp_path / "cells.gpkg", squares(), ["1", "2", "3", "4"])
    far = [row.replace("113.5", "114.5", 1) for row in rows(9, 500)]
    path = put(tmp_path, "a.csv", "\n".join([HEADER, *rows(200), *far, *changed(2, *[""] * 8), *rows(30)]) + "\n")
    return path, cells


def whole_and_in_pieces(path, cells, monkeypatch, plan, **options):
    in_pieces = count_files([path], lambda as_of: read_cells(cells, valid_at=as_of), plan, **options)

    def refuse(*args, **facts):
        raise pieces.CannotStream("a.csv")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(stream_room, "read_batches", refuse)
        whole = count_files([path], lambda as_of: read_cells(cells, valid_at=as_of), plan, **options)
    assert whole.whole and not in_pieces.whole
    return whole, in_pieces


@pytest.mark.parametrize("bin", ["hour", "day"])
@pytest.mark.parametrize("options", [{}, {"classes": {"供水": "给水"}}])
def test_in_pieces_or_whole_the_counts_are_the_same(city, monkeypatch, bin, options):
    whole, in_pieces = whole_and_in_pieces(*city, monkeypatch, Plan(as_of=AS_OF, bin=bin), **options)
    pd.testing.assert_frame_equal(table_of(whole.counts), table_of(in_pieces.counts))
    keys = [name for name in whole.counts.table if name != "distinct"]  # bursts are told within a batch
    pd.testing.assert_frame_equal(whole.counts.table[keys], in_pieces.counts.table[keys], check_dtype=False)
    assert whole.account == in_pieces.account and whole.rules == in_pieces.rules
    assert whole.notices == in_pieces.notices
    account = dict(whole.account)
    assert account.pop("rows_in") == sum(account.values())
    assert min(account[f"rows_{name}"] for name in ("used", "after_as_of", "outside", "duplicate", "quarantined")) > 0
    assert table_of(whole.counts)["count"].sum() == account["rows_used"]


def test_refused_classes_are_left_out_both_ways(city, monkeypatch):
    privacy = Privacy(ClassPolicy((("供水", "", ""),), ()))
    whole, in_pieces = whole_and_in_pieces(*city, monkeypatch, Plan(as_of=AS_OF), privacy=privacy)
    assert whole.account == in_pieces.account and whole.account["rows_excluded"] > 0
    pd.testing.assert_frame_equal(table_of(whole.counts), table_of(in_pieces.counts))


@pytest.mark.parametrize("chosen", [{}, {"as_of": "2026-02-02", "bin": "week"}])
def test_without_a_moment_or_in_weeks_files_are_read_whole(city, chosen):
    path, cells = city
    later = [row.replace("2026-01-0", "2026-01-1") for row in rows(20, 900)]
    path.write_text(path.read_text() + "\n".join(later) + "\n")
    counted = count_files([path], lambda as_of: read_cells(cells, valid_at=as_of), Plan(**chosen))
    assert counted.whole and counted.account["rows_used"] > 0


def test_nothing_to_count_is_a_clear_error(city):
    path, cells = city
    with pytest.raises(InputError, match=r"none of \d+ incidents is counted"):
        count_files([path], lambda as_of: read_cells(cells, valid_at=as_of), Plan(as_of="2001-01-01"))


def test_the_step_tells_its_way_and_an_account_that_adds_up(city, tmp_path):
    files = Files(incidents=(str(city[0]),), cells=str(city[1]))
    told = run_step("count_incidents", files, {"as_of": AS_OF}, str(tmp_path / "counts.csv"), False, silent)
    codes = {notice["code"]: notice["en"] for notice in told["notices"]}
    assert "in pieces" in codes["N-COUNT-002"]
    figures = [int(word.replace(",", "")) for word in codes["N-COUNT-003"].split() if word[0].isdigit()]
    assert figures[0] == sum(figures[1:]) > 200
    table = pd.read_csv(tmp_path / "counts.csv", dtype={"cell_id": str})
    assert list(table)[:4] == ["category", "source", "kind", "cell_id"] and len(table) == told["rows"]
    assert table["count"].sum() == figures[1] and set(table["cell_id"]) <= {"1", "2", "3", "4"}
    whole = run_step("count_incidents", files, {}, str(tmp_path / "counts.gpkg"), False, silent)
    assert any(notice["code"] == "N-COUNT-001" for notice in whole["notices"])


def silent(fraction, text):
    assert 0 <= fraction <= 1 and text


BATCH = st.lists(
    st.tuples(
        st.sampled_from(["乙/b", "甲", "乙"]),
        st.sampled_from(["110", "12345"]),
        st.integers(0, 3),
        st.integers(-(2**31) + 1, 2**31 - 1),
        st.integers(0, 2),
        st.integers(1, 5),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(st.lists(BATCH, min_size=1, max_size=5), st.integers(0, 3))
def test_sums_are_the_sum_of_counts(batches, merged_at):
    cells = read_cells_of_four()
    sums, tables = Sums("day"), []
    before, sums_room._MERGED_AT = sums_room._MERGED_AT, merged_at
    for batch in batches:
        table = pd.DataFrame(batch, columns=["category", "source", "cell", "bin", "lag", "count"])
        table = table.assign(kind="handled", reported_bin=np.minimum(table["bin"] + table["lag"], 2**31 - 1))
        table = table.assign(severity_sum=table["count"] * 0.5, distinct=1).drop(columns="lag")
        tables.append(sum_counts(table.astype({"category": "str", "source": "str", "kind": "str"})))
        sums.add(Counts(tables[-1], cells, "day", 0, 1))
    sums_room._MERGED_AT = before
    expected = sum_counts(pd.concat(tables, ignore_index=True))
    pd.testing.assert_frame_equal(sums.total().table, expected, check_dtype=False)


def read_cells_of_four():
    from gridbeacon.cube import Cells
    from scipy import sparse

    four = np.arange(4)
    return Cells(
        four.astype(str), four.astype(str), four, four - 1, np.full(4, "territorial"), np.zeros((4, 2)), np.ones(4),
        np.ones(4), sparse.csr_matrix((4, 4)),
    )  # fmt: skip
