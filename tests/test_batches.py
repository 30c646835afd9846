"""Files read a batch at a time give what they give when read whole: incidents, quarantine, duplicates, account."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import batches, pieces, read_incidents
from gridbeacon.layers.incidents.batches import read_batches
from gridbeacon.layers.incidents.identifiers import _MAY_BE_PERSONAL, maybe_personal
from gridbeacon.layers.incidents.pieces import CannotStream
from gridbeacon.layers.incidents.seen import Seen
from gridbeacon.layers.privacy import mask_personal
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.pipeline.stream import count_stream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty import HEADER, ROWS, changed, put
from nasty.grids import squares, write_cells
from shapely.geometry import box

TABLES = ("incidents", "quarantine", "duplicates", "excluded")


def whole_and_streamed(paths, **options):
    whole = read_incidents(paths, **options)
    parts = list(read_batches(paths, **options))
    assert whole.rows_in == sum(part.rows_in for part in parts)
    for name in TABLES:
        joined = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        one, two = (pd.DataFrame(t).reset_index(drop=True) for t in (getattr(whole, name), joined))
        assert len(one) == len(two), name
        order = [column for column in ("source_file", "source_row") if column in one]
        one, two = (t.sort_values(order, ignore_index=True).astype(object) for t in (one, two))
        pd.testing.assert_frame_equal(one, two[one.columns], check_dtype=False)
    return whole, parts


def rows(n, start=0):
    made = [",".join([f"N{k}", *ROWS[k % 8].split(",")[1:]]) for k in range(start, start + n)]
    made[n // 2] = made[n // 2].replace("113.", "x")
    made[n // 3] = made[n // 3].rsplit(",", 4)[0]
    return made


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
@pytest.mark.parametrize("size", [900, 4_000, 1 << 20])
def test_pieces_change_nothing(tmp_path, monkeypatch, encoding, size):
    monkeypatch.setattr(pieces, "PIECE", size)
    first, second = rows(120), rows(90, 60)
    first[40] = '"N""40",2026-01-05 08:00:00,"供水\n二行",水管爆裂,113.502,22.505,12345,x,"y\n\n"'
    second[50:50] = ["", *first[5:8], "," * 8]
    one = put(tmp_path, "a.csv", "\n".join([HEADER, *first]) + "\n\n\r\n", encoding)
    two = put(tmp_path, "b.csv", "\r\n".join([HEADER, *second]), encoding)
    whole, parts = whole_and_streamed([one, two])
    assert len(whole.duplicates) >= 60 and len(whole.quarantine) >= 5
    assert len(parts) >= (4 if size < 5_000 else 2)


@pytest.mark.parametrize("size", [700, 1 << 20])
def test_rows_without_identifiers_are_duplicates_only_when_whole_rows_agree(tmp_path, monkeypatch, size):
    monkeypatch.setattr(pieces, "PIECE", size)
    blank = changed(0, *[""] * 8)
    path = put(tmp_path, "a.csv", "\n".join([HEADER, *blank, *rows(20), blank[3], blank[4] + "丰"]) + "\n")
    whole, _ = whole_and_streamed([path])
    assert whole.duplicates["rule"].tolist() == ["D-DUP-002"]


@pytest.mark.parametrize(
    "spoilt",
    [
        changed(1, *(f"{13 + n}/01/2026 08:00" for n in range(8))),  # only the whole column proves which is the day
        changed(1, *["20260105080300"] * 8),  # another layout further down
        changed(0, *["13800138000"] * 8),  # phones as identifiers further down
        changed(4, *["38551000.5"] * 8),  # metres further down
    ],
)
def test_what_only_the_whole_file_can_tell_is_not_streamed(tmp_path, monkeypatch, spoilt):
    monkeypatch.setattr(pieces, "PIECE", 700)
    path = put(tmp_path, "a.csv", "\n".join([HEADER, *rows(20), *spoilt * 3]) + "\n")
    with pytest.raises(CannotStream):
        list(read_batches([path]))


def test_what_is_no_text_is_not_streamed(tmp_path):
    for name, content in (("a.xlsx", b"PK\x03\x04"), ("a.csv", "ä,b\n".encode("utf-16")), ("b.csv", b"")):
        with pytest.raises(CannotStream):
            list(read_batches([put(tmp_path, name, content)]))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=12), st.sampled_from([1, 8, 1 << 21]))
def test_seen_finds_what_was_added_and_nothing_else(lots, in_memory):
    seen, known = Seen(in_memory), {}
    for number, batch in enumerate(lots):
        keys = np.unique(np.array(batch, np.uint64))[::-1]
        expected = [known.get(int(key), -1) for key in keys]
        assert seen.find(keys, keys).tolist() == expected
        assert (seen.find(keys, keys + np.uint64(1)) == -1).all()
        fresh = np.array([want < 0 for want in expected], bool)
        tags = number * 100 + np.arange(len(keys))
        seen.add(keys[fresh], keys[fresh], tags[fresh])
        known |= {int(key): int(tag) for key, tag in zip(keys[fresh], tags[fresh], strict=True)}
        assert seen.find(keys, keys).tolist() == [known[int(key)] for key in keys]


def test_what_was_seen_goes_into_files_and_memory_does_not_grow():
    seen, rng = Seen(in_memory=1000), np.random.default_rng(1)
    first, second = rng.integers(0, 1 << 63, (2, 60_000)).astype(np.uint64)
    for start in range(0, 60_000, 300):
        batch = slice(start, start + 300)
        seen.add(first[batch], second[batch], np.arange(start, start + 300))
        assert sum(run.n_rows for run in seen._held) < 2 * seen.in_memory
    assert sum(run.n_rows for run in seen._stored) > 58_000
    asked = rng.permutation(60_000)
    assert seen.find(first[asked], second[asked]).tolist() == asked.tolist()
    assert (seen.find(first, second ^ np.uint64(1)) == -1).all()
    files = [run.file for run in seen._stored]
    seen.close()
    assert all(file.closed for file in files)


def test_duplicates_are_found_in_files(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 900)
    monkeypatch.setattr(batches, "Seen", partial(Seen, 40))
    made = rows(300)
    path = put(tmp_path, "a.csv", "\n".join([HEADER, *made, *made[20:280:7]]) + "\n")
    whole, _ = whole_and_streamed([path])
    assert len(whole.duplicates) >= 36


def test_a_stream_counts_what_a_run_counts(tmp_path, monkeypatch):
    """Same counts and account as `prepare`, where nothing needs all rows at once."""
    monkeypatch.setattr(pieces, "PIECE", 2_000)
    shapes = [*squares(), box(113.0, 22.0, 113.4, 22.4), box(114.49, 22.4, 114.51, 22.6)]
    roles = ["territorial"] * (len(shapes) - 1) + ["sectoral"]  # which alone holds the rows that are far
    cells = write_cells(tmp_path / "cells.gpkg", shapes, ["1", "2", "3", "4", "5", "6"], role=roles)
    far = [row.replace("113.5", "114.5", 1) for row in rows(9, 500)]
    path = put(tmp_path, "a.csv", "\n".join([HEADER, *rows(200), *far, *rows(30)]) + "\n")
    plan = Plan(as_of="2026-01-04", default_points="keep", burst_metres=0.0, duplicate_minutes=0.0)
    ready = prepare(plan, Inputs((str(path),), str(cells)), lambda fraction, text: None)
    streamed = count_stream([path], read_cells(cells), plan)
    assert streamed.account == ready.account and streamed.account["rows_after_as_of"] > 50
    assert streamed.rules == ready.intake.quarantine["rule"].value_counts().to_dict()
    pd.testing.assert_frame_equal(streamed.counts.table, ready.counts.table, check_dtype=False)


@given(
    st.one_of(
        st.from_regex(r"[0-9A-Z+ ()-]{0,3}(13800138000|0755-12345678|11010519491231002X)[0-9a-z.X -]{0,3}"), st.text()
    )
)
def test_the_quick_look_misses_no_personal_data(text):
    """Identifiers are looked at closely only where the quick look finds something: it must find all that is masked."""
    word = text.strip()
    assert len(maybe_personal(pa.array([word], pa.large_string()))) or mask_personal(word) == word


DIGITS = r"(86)?1[3-9][0-9]{9}|[1-6][0-9]{5}(1[89]|2[01])[0-9]{10}|[0-9]{0,20}"


@given(st.lists(st.from_regex(DIGITS, fullmatch=True)))
def test_the_quick_look_at_digits_misses_none_either(words):
    """Where all are digits, most are never held against the pattern."""
    text = pa.array(words, pa.large_string())
    slow = np.flatnonzero(pc.match_substring_regex(text, _MAY_BE_PERSONAL).to_numpy(zero_copy_only=False))
    assert maybe_personal(text).tolist() == slow.tolist()
