"""One table's rows: text to values, and the first rule each row breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import Notice
from ..columns.dates import BLANK, Dates, localise, parse_dates, with_clock
from ..columns.names import Mapping, known_names, normal_name
from ..columns.values import coded, is_missing, is_text, scientific, to_numbers, to_text
from ..privacy import Privacy, mask_personal, mask_text
from .identifiers import is_personal, maybe_personal
from .places import read_places, read_written
from .rules import RULES, TIME_RULES, notice
from .sources import Loaded, Source

UNCLASSIFIED = "未分类"
CODES = ("", *RULES)
"""What a verdict means: 0 is a good row, else the place of its rule."""

_CALLER_WORDS = ("电话", "電話", "手机", "号码", "身份证", "phone", "mobile", "id_card", "id_number")
_FEW = 20
_MOST_SEVERE = 1e6


class Verdicts:
    """The first rule each row breaks."""

    def __init__(self, n_rows: int):
        self.codes = np.zeros(n_rows, np.int8)

    def put(self, mask: np.ndarray, code: str) -> None:
        """Rows of *mask* that broke no rule so far break this one."""
        self.codes[mask & (self.codes == 0)] = CODES.index(code)


@dataclass(frozen=True)
class Part:
    """One table, read: every row with its verdict, rows that could not be split, what there is to tell."""

    source: Source
    mapping: Mapping
    frame: pd.DataFrame
    crs: Any
    rejected: tuple[tuple[int, str], ...]
    layout: str
    notices: tuple[Notice, ...] = ()
    tally: Counter[str] = field(default_factory=Counter)
    renamed: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        """Rows that came in, the unsplittable ones included."""
        return len(self.frame) + len(self.rejected)


def read_part(
    source: Source,
    mapping: Mapping,
    *,
    timezone: str,
    crs: Any,
    privacy: Privacy | None = None,
    classes: dict[str, str] | None = None,
) -> Part:
    """Read the columns of *mapping* and judge every row.

    The frame has the columns of the incident table but `x`, `y` for the geometry, `place` (the row's number in the
    table) and `verdict` (an index into `CODES`); beside them `text` where a column of free text is named, and `caller`
    where pseudonyms are wanted. *classes* maps old names of classes to new ones.
    """
    privacy = privacy or Privacy()
    caller = caller_column(mapping) if privacy.pseudonyms else ""
    loaded = source.load(list(dict.fromkeys([*mapping.used, *([caller] if caller else [])])))
    reader = _Reader(source, mapping, loaded, privacy, classes or {})
    with ThreadPoolExecutor(1) as beside:  # while the texts are read: Arrow and numpy let other threads run
        times = beside.submit(reader.read_times, timezone)
        written = beside.submit(read_written, source, mapping, loaded)
        columns: dict[str, Any] = reader.texts(caller)
        columns |= reader.times(times.result(), timezone)
        places = read_places(source, mapping, written.result(), crs, reader.verdicts)
    reader.notices.extend(places.notices)
    # blank rows outrank what their blanks would break
    reader.verdicts.codes[reader.blank_rows(places.missing)] = CODES.index("E-ROW-001")
    columns |= {
        "x": places.x,
        "y": places.y,
        "severity": reader.severities(),
        "source": reader.words("source", mask_personal),
        "kind": reader.kinds(),
        "handler": reader.words("handler", mask_personal),
        "source_row": loaded.rows,
        "place": np.arange(len(loaded.rows)),
        "verdict": reader.verdicts.codes,
    }
    frame = pd.DataFrame(columns, copy=False)
    return Part(
        source,
        mapping,
        frame,
        places.crs,
        loaded.rejected,
        reader.layout,
        (*source.notices, *reader.notices),
        reader.tally,
        reader.renamed,
    )


def caller_column(mapping: Mapping) -> str:
    """The column that tells callers apart: a number or a card rather than a name; "" where there is none."""
    sure = [name for name in mapping.person if any(word in normal_name(name) for word in _CALLER_WORDS)]
    return next(iter([*sure, *mapping.person]), "")


class _Reader:
    """The columns of one loaded table, read role by role; keeps verdicts and figures to tell."""

    def __init__(self, source: Source, mapping: Mapping, loaded: Loaded, privacy: Privacy, classes: dict[str, str]):
        self.source, self.mapping, self.loaded = source, mapping, loaded
        self.privacy, self.classes = privacy, classes
        self.n_rows = loaded.table.num_rows
        self.verdicts = Verdicts(self.n_rows)
        self.tally: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()
        self.notices: list[Notice] = []
        self.layout = ""

    def column(self, role: str) -> pa.ChunkedArray | None:
        """The column of *role*, None where there is none."""
        name = self.mapping.columns.get(role)
        if role == "time" and self.mapping.day_and_clock:
            name = self.mapping.day_and_clock[0]
        return None if name is None else self.loaded.table[name]

    def _dates(self, column: pa.ChunkedArray) -> Dates:
        """The times of occurrence, put together with the column of the clock where the plan names one."""
        dates = parse_dates(column, from_1904=self.loaded.from_1904)
        both = self.mapping.day_and_clock
        return with_clock(dates, self.loaded.table[both[1]]) if both else dates

    def codes(self, role: str) -> pa.Array:
        """A column of codes as text; rows whose code has lost digits are set aside."""
        name = self.mapping.columns[role]
        text, lost = to_text(self.loaded.table[name])
        lost = lost | scientific(text) if is_text(self.loaded.table[name].type) else lost
        self.verdicts.put(lost | self.loaded.lost.get(name, np.zeros(self.n_rows, bool)), "E-CODE-001")
        return text

    def identifiers(self) -> pd.Series:
        """The identifiers, "" where there is none; a column full of phone numbers is no identifier."""
        if "id" not in self.mapping.columns:
            return _constant("", self.n_rows)
        text = self.codes("id")
        suspects = maybe_personal(text)
        if not is_personal(text, suspects):
            return self._without_persons(text, suspects).to_pandas()
        self.notices.append(notice("N-PERSON-002", column=self.mapping.columns["id"]))
        return _constant("", self.n_rows)

    def _without_persons(self, text: pa.Array, suspects: np.ndarray) -> pa.Array:
        """Identifiers, those that hold personal data left blank: a masked one would join rows that are none."""
        words = text.take(pa.array(suspects)).to_pylist()
        bad = suspects[[mask_personal(word) != word for word in words]] if len(suspects) else suspects
        if not len(bad):
            return text
        self.tally["N-PERSON-004"] += len(bad)
        mask = np.zeros(len(text), bool)
        mask[bad] = True
        return pc.if_else(pa.array(mask), "", text)

    def texts(self, caller: str) -> dict[str, pd.Series]:
        """Identifiers and classes; codes of cells, free text and pseudonyms of callers where they are wanted."""
        columns = {"incident_id": self.identifiers(), "category": self.categories()}
        if "cell_code" in self.mapping.columns:
            columns["cell_code"] = self.codes("cell_code").to_pandas()
        if "text" in self.mapping.columns:
            columns["text"] = self.free_text()
        if caller:
            columns["caller"] = self.callers(caller)
        return columns

    def free_text(self) -> pd.Series:
        """The column of free text the plan names, personal data blotted out."""
        words = to_text(self.loaded.table[self.mapping.columns["text"]])[0].to_pylist()
        masked = [mask_text(word) for word in words]
        n = sum(a != b for a, b in zip(masked, words, strict=True))
        self.notices.append(notice("N-PERSON-005", column=self.mapping.columns["text"], n=n))
        return pa.array(masked, pa.large_string()).to_pandas()

    def callers(self, name: str) -> pd.Series:
        """Pseudonyms of the column *name*, "" where it is blank."""
        words, where = coded(self.loaded.table[name])
        make = self.privacy.pseudonyms.of if self.privacy.pseudonyms else str
        self.notices.append(notice("N-PERSON-003", file=self.source.name, column=name))
        return _spread([make(word) for word in words], where)

    def categories(self) -> pd.Series:
        """The class of every row, its levels joined by "/"; refused classes are set aside."""
        if not self.mapping.category:
            self.notices.append(notice("N-CLASS-003"))
            return few_words([UNCLASSIFIED], np.zeros(self.n_rows, np.int8))
        columns = [coded(self.loaded.table[name]) for name in self.mapping.category]
        words = [known for known, _ in columns]
        keys = np.zeros(self.n_rows, np.int64)
        for known, at in columns:
            keys = keys * max(1, len(known)) + at
        where, distinct = pd.factorize(keys)
        paths = _unpack(np.asarray(distinct), words)
        joined = [_join(levels) for levels in paths]
        rows_per = np.bincount(where, minlength=len(joined))
        self._count("N-CLASS-001", [not levels[0].strip("/ ") for levels in paths], rows_per)
        if len(words) > 1:
            self._count("N-CLASS-004", [any("/" in level for level in levels) for levels in paths], rows_per)
        joined = self._renamed(joined, rows_per)
        left_out = np.array([self.privacy.policy.refuses(name) for name in joined], bool)
        self.verdicts.put(left_out[where] if len(joined) else np.zeros(self.n_rows, bool), "P-CLASS-001")
        return few_words([mask_personal(name) for name in joined], where)

    def _renamed(self, names: list[str], rows_per: np.ndarray) -> list[str]:
        """Old names of classes, or of the levels above them, by their new ones."""
        out = []
        for name, n in zip(names, rows_per, strict=True):
            old = next((o for o in self.classes if name == o or name.startswith(o + "/")), None)
            out.append(name if old is None else self.classes[old] + name[len(old) :])
            if old is not None:
                self.renamed[old] += int(n)
        return out

    def _count(self, code: str, which: list[bool], rows_per: np.ndarray) -> None:
        """Add the rows of the distinct values *which* to what is told as *code*."""
        self.tally[code] += int(rows_per[np.array(which, bool)].sum())

    def read_times(self, timezone: str) -> dict[str, _Times]:
        """Each role of a time -> its column as written, the instants, and how many of them a clock change moved."""
        read = {}
        for role in ("time", "reported_time", "closed_time"):
            column = self.column(role)
            if column is None:
                dates = _no_dates(self.n_rows)
            else:
                dates = self._dates(column) if role == "time" else parse_dates(column, from_1904=self.loaded.from_1904)
            instants, double, skipped = localise(dates, timezone)
            read[role] = dates, instants, double + skipped
        return read

    def times(self, read: dict[str, _Times], timezone: str) -> dict[str, pd.Series]:
        """`time`, `reported_time` and `closed_time`; rows without a time are set aside."""
        columns = {}
        for role, (dates, instants, n_moved) in read.items():
            columns[role] = instants
            self.tally["N-TIME-003"] += n_moved
            unread = int(((dates.why != 0) & (dates.why != BLANK)).sum()) if role != "time" else 0
            if unread:
                self.notices.append(notice("N-TIME-002", n=unread, role=role))
        dates = read["time"][0]
        self.layout = dates.layout
        why = dates.why.copy()
        stands_in = (why == BLANK) & columns["reported_time"].notna().to_numpy()
        if stands_in.any():
            columns["time"] = columns["time"].where(~stands_in, columns["reported_time"])
            why[stands_in] = 0
            self.tally["N-TIME-001"] += int(stands_in.sum())
        for value, code in TIME_RULES.items():
            self.verdicts.put(why == value, code)
        self._tell_days(dates)
        if not np.isnan(dates.offsets).all():
            self.notices.append(notice("N-TIME-005", file=self.source.name, timezone=timezone))
        return columns

    def _tell_days(self, dates: Dates) -> None:
        read = dates.values[dates.why == 0]
        if len(read) >= _FEW and not (read.astype(np.int64) % 86_400_000_000).any():
            self.notices.append(notice("N-TIME-004", file=self.source.name))

    def severities(self) -> np.ndarray:
        """Numbers, 1 where blank or unreadable."""
        column = self.column("severity")
        if column is None:
            return np.ones(self.n_rows)
        numbers, bad = to_numbers(column)
        bad |= np.abs(np.nan_to_num(numbers)) > _MOST_SEVERE  # a telephone number is no severity
        self.tally["N-VALUE-001"] += int(bad.sum())
        return np.where(np.isfinite(numbers) & ~bad, numbers, 1.0)

    def kinds(self) -> pd.Series:
        """`handled` or `reported`."""
        values = known_names()["kind_values"]
        known = {name: kind for kind, names in values.items() for name in names}
        column = self.column("kind")
        if column is None:
            return few_words(["handled"], np.zeros(self.n_rows, np.int8))
        words, where = coded(column)
        words = [normal_name(word) for word in words]
        strange = np.array([bool(word) and word not in known for word in words], bool)
        self.tally["N-VALUE-002"] += int(strange[where].sum()) if words else 0
        return few_words([known.get(word, "handled") for word in words], where)

    def words(self, role: str, clean: Callable[[str], str]) -> pd.Series:
        """A column of few distinct words, each cleaned once; "" where there is none."""
        column = self.column(role)
        if column is None:
            return few_words([""], np.zeros(self.n_rows, np.int8))
        before, where = coded(column)
        after = [clean(word) for word in before]
        changed = np.array([a != b for a, b in zip(after, before, strict=True)], bool)
        if changed.any():
            n = int(changed[where].sum())
            self.notices.append(notice("N-PERSON-001", n=n, column=self.mapping.columns[role]))
        return few_words(after, where)

    def blank_rows(self, no_place: np.ndarray) -> np.ndarray:
        """Mask of the rows where every column that is read is blank."""
        blank = no_place.copy()
        for name in self.loaded.table.column_names:
            if not blank.any():
                break
            at = np.flatnonzero(blank)
            blank[at] = is_missing(to_text(self.loaded.table[name].take(pa.array(at)))[0])
        return blank


_Times = tuple[Dates, pd.Series, int]


def _constant(word: str, n_rows: int) -> pd.Series:
    return pa.repeat(pa.scalar(word, pa.large_string()), n_rows).to_pandas()


def _spread(words: list[str], where: np.ndarray) -> pd.Series:
    """One word per row, from the distinct words and each row's place among them."""
    return pa.array(words, pa.large_string()).take(pa.array(where)).to_pandas()


def _unpack(keys: np.ndarray, words: list[list[str]]) -> list[tuple[str, ...]]:
    """The words of each level behind the combined *keys*, coarsest first."""
    levels: list[list[str]] = []
    for known in reversed(words):
        keys, at = np.divmod(keys, max(1, len(known)))
        levels.append([known[i] for i in at])
    return list(zip(*reversed(levels), strict=True))


def _join(levels: tuple[str, ...]) -> str:
    """One path in the class tree. A single column may hold a path already; of several each is one level."""
    tidy = [" ".join(level.split()) for level in levels]
    if len(tidy) == 1:
        tidy = [part.strip() for part in tidy[0].split("/")]
        return "/".join(part for part in tidy if part) or UNCLASSIFIED
    while tidy and not tidy[-1]:
        tidy.pop()
    return "/".join(level.replace("/", "／") or UNCLASSIFIED for level in tidy) or UNCLASSIFIED


def few_words(words: list[str], where: np.ndarray) -> pd.Series:
    """A categorical column, from words and each row's place among them: rows are taken and left at little cost."""
    merged, distinct = pd.factorize(np.array(words, object))
    codes = where if len(distinct) == len(words) else merged[where]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(distinct, dtype=object)), copy=False)


def _no_dates(n_rows: int) -> Dates:
    nothing = partial(np.full, n_rows)
    return Dates(nothing("NaT", "datetime64[us]"), nothing(np.nan), nothing(BLANK, np.int8))
