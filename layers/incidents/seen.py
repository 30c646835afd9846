"""What earlier batches held, by two hashes a row: recent rows in memory, older ones in temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np

IN_MEMORY = 1 << 21
"""Rows from which on a run is put into a file: memory does not grow with the rows that came before."""
_BLOCK = 1 << 20
_FIRST, _SECOND, _TAG = range(3)


class _Run(Protocol):
    """Hashes and tags of rows, in the order of their first hash."""

    n_rows: int

    def read(self, column: int, start: int, end: int) -> np.ndarray:
        """Rows *start* to *end* of a column, uint64."""
        ...


@dataclass(frozen=True)
class _Held:
    columns: Sequence[np.ndarray]

    @property
    def n_rows(self) -> int:
        return len(self.columns[0])

    def read(self, column: int, start: int, end: int) -> np.ndarray:
        return self.columns[column][start:end]


@dataclass(frozen=True)
class _Stored:
    """In a file without a name, which is gone when it is closed or the process ends: one column after the other."""

    file: IO[bytes]
    n_rows: int

    def read(self, column: int, start: int, end: int) -> np.ndarray:
        self.file.seek(8 * (column * self.n_rows + start))
        return np.frombuffer(self.file.read(8 * (end - start)), np.uint64)


class Seen:
    """Rows of earlier batches: sorted runs, merged as they grow, so that each row is moved few times.

    From *in_memory* rows on a run lies in a file; looked up are all runs, one block after the other. Close it at the
    end, or use it in a `with` statement.
    """

    def __init__(self, in_memory: int = IN_MEMORY):
        self.in_memory = in_memory
        self._held: list[_Held] = []
        self._stored: list[_Stored] = []

    def find(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(n,) the tag of an earlier row with both hashes, -1 where there is none."""
        order = np.argsort(first)
        found = np.full(len(first), -1, np.int64)
        one, two = first[order], second[order]
        for run in (*self._stored, *self._held):
            place, tags = _look_up(run, one, two)
            found[order[place]] = tags
        return found

    def add(self, first: np.ndarray, second: np.ndarray, tags: np.ndarray) -> None:
        """Remember rows; runs of like length become one."""
        run = _in_order([first, second, tags.astype(np.int64).view(np.uint64)])
        while self._held and self._held[-1].n_rows < 2 * run.n_rows:
            older = self._held.pop()
            run = _in_order([np.concatenate(pair) for pair in zip(older.columns, run.columns, strict=True)])
        if run.n_rows < self.in_memory:
            self._held.append(run)
        else:
            self._stored.append(_store(run))

    def close(self) -> None:
        """Forget everything."""
        for run in self._stored:
            run.file.close()
        self._stored, self._held = [], []

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()


def _in_order(columns: Sequence[np.ndarray]) -> _Held:
    order = np.argsort(columns[_FIRST])
    return _Held([column[order] for column in columns])


def _store(run: _Held) -> _Stored:
    file = tempfile.TemporaryFile(prefix="gridbeacon-")  # noqa: SIM115 - closed by Seen.close
    for column in run.columns:
        file.write(column.data)
    return _Stored(file, run.n_rows)


def _look_up(run: _Run, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places among the sorted *first*, tags) of the rows that *run* holds with both hashes."""
    places, tags = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start in range(0, run.n_rows, _BLOCK):
        block = run.read(_FIRST, start, min(start + _BLOCK, run.n_rows))
        low, high = np.searchsorted(first, block[0]), np.searchsorted(first, block[-1], side="right")
        at = np.searchsorted(block, first[low:high])
        alike = np.flatnonzero(block[at] == first[low:high])
        if len(alike):
            own = at[alike] + start
            begin, end = int(own[0]), int(own[-1]) + 1
            same = run.read(_SECOND, begin, end)[own - begin] == second[low + alike]
            places.append(low + alike[same])
            tags.append(run.read(_TAG, begin, end)[own[same] - begin].view(np.int64))
    return np.concatenate(places), np.concatenate(tags)
