"""The short run of `fuzz.py`: damaged files are read or refused, never a crash, a hang or a stray error."""

from __future__ import annotations

import pytest
from damage import MUTATIONS
from fuzz import FORMATS, Tally, fuzz, made_input, read_one, seeds_in, watch


def test_damaged_files_crash_nothing():
    tally = fuzz(8 * len(FORMATS), seed=2026, batch=8 * len(FORMATS))
    assert tally.total == 8 * len(FORMATS)
    assert not tally.bad, tally.bad
    assert tally.slowest < 10
    assert sum(n for (_, fate), n in tally.fates.items() if fate.startswith("parser")) <= 2  # none is ours
    assert sum(n for (_, fate), n in tally.fates.items() if fate == "read") >= 10  # mutations are not all fatal
    assert sum(n for (_, fate), n in tally.fates.items() if fate == "refused") >= 30


def test_an_input_follows_from_its_number():
    files = {name: name.encode() * 50 for name in FORMATS}
    plain = [n for n, name in enumerate(FORMATS) if name.endswith(("csv", "gpkg", "parquet"))]
    for n in plain:
        assert made_input(1, n, files) == made_input(1, n, files)
        assert (
            made_input(1, n, files)[1] != made_input(2, n, files)[1] or made_input(1, n, files)[1] != files[FORMATS[n]]
        )
    assert len(MUTATIONS) == 6


def test_the_watch_sees_a_crash(tmp_path):
    """A child that cannot even start is a crash of its first input; the run goes on behind it."""
    tally = Tally()
    assert watch(tmp_path, 1, 5, 9, tally) == 6
    assert [(count, fate.split()[0]) for count, _, fate in tally.bad] == [(5, "crash")]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    return seeds_in(tmp_path_factory.mktemp("seeds"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_file_is_valid_before_it_is_damaged(name, seeds):
    """Else its mutations are refused for what the seed lacks, and show nothing."""
    assert read_one(seeds[name], name.startswith("cells")) == "read"
