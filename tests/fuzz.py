"""Mutations of valid files, read in child processes that are watched: no crash, no hang, no error but our own.

    python tests/fuzz.py --inputs 10000 --write docs/fuzz.md

A child reads a batch and says each fate on a line of its own; one that says nothing for ten seconds is a hang, one that
ends by itself is a crash, and the next child goes on behind the input that did it. Every input follows from
(seed, number): `--only NUMBER` makes and reads that one again.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from damage import mutate, repack

HANG = 10.0
"""Seconds without a fate after which an input is a hang."""
START = 60.0
"""Seconds a child may take to import what it needs before its first input."""
OURS = ("read", "refused", "parser lost", "parser stopped")
LOST = ("the file crashes or exhausts the program", "the file takes too long")
"""What the reader says when the child process that parses a file for it dies, or is stopped by its clock."""
FORMATS = (
    "a.csv gb.csv a.tsv a.txt utf16.csv quoted.csv a.xlsx a.ods a.gpkg a.geojson a.fgb shape.zip a.kml a.parquet "
    "geo.parquet table.zip table.csv.gz cells.gpkg cells.geojson cells.fgb cells.parquet cells.zip"
).split()


def seeds_in(folder: Path) -> dict[str, Path]:
    """One small valid file of every format."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from nasty import HEADER, ROWS, archives, csv, grids, layers, put, texts, values, workbooks

    more = [row.replace("A", f"{n}-") for n in range(5) for row in ROWS]
    plain = "\n".join([HEADER, *more]) + "\n"
    made = {"a.csv": csv(folder, more), "gb.csv": put(folder, "gb.csv", plain, "gb18030")}
    made["a.tsv"] = put(folder, "a.tsv", plain.replace(",", "\t"))
    made["a.txt"] = put(folder, "a.txt", plain.replace(",", "|"))
    made["utf16.csv"] = put(folder, "utf16.csv", plain, "utf-16")
    made["quoted.csv"] = texts.everything_quoted(_inner(folder, "quoted"))
    made["a.xlsx"] = workbooks.workbook_plain(folder)
    made["a.ods"] = workbooks.open_document(folder)
    for name in ("a.gpkg", "a.fgb"):
        made[name] = layers.saved(folder, layers.layer(), name)
    made["a.geojson"] = layers.saved(folder, layers.layer(), "a.geojson")
    short = layers.layer().rename(columns={"received_at": "opened_at"})  # ten characters are all a .dbf has
    short["opened_at"] = short["opened_at"].astype(str)
    shape = layers.saved(_inner(folder, "shape"), short, "s.shp", encoding="UTF-8")
    parts = {path.name: path.read_bytes() for path in shape.parent.iterdir()}
    made["shape.zip"] = put(folder, "shape.zip", archives.packed(parts, 0))
    made["a.kml"] = layers.google_earth(folder)
    pq.write_table(
        pa.Table.from_pandas(layers.placed(), preserve_index=False), folder / "a.parquet", compression="none"
    )
    layers.layer().to_parquet(folder / "geo.parquet", compression=None)
    made |= {name: folder / name for name in ("a.parquet", "geo.parquet")}
    made["table.zip"] = put(folder, "table.zip", archives.packed({"a.csv": plain, "b.csv": plain}))
    made["table.csv.gz"] = archives.gzipped(folder).rename(folder / "table.csv.gz")
    ids = values.EIGHTEEN[:4]
    for name in ("cells.gpkg", "cells.geojson", "cells.fgb"):
        made[name] = grids.write_cells(folder / name, grids.squares(), ids)
    made["cells.parquet"] = folder / "cells.parquet"
    grids.frame_of(grids.squares(), ids).to_parquet(made["cells.parquet"], compression=None)
    shape = grids.write_cells(_inner(folder, "cells") / "c.shp", grids.squares(), ids)
    made["cells.zip"] = put(
        folder, "cells.zip", archives.packed({p.name: p.read_bytes() for p in shape.parent.iterdir()}, 0)
    )
    return {name: made[name] for name in FORMATS}


def _inner(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def made_input(seed: int, count: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """The *count*-th input of *seed*: (name of its format, bytes)."""
    rng = random.Random(f"{seed}/{count}")
    name = FORMATS[count % len(FORMATS)]
    others = list(files.values())
    packed = name.endswith((".xlsx", ".ods", ".zip"))
    return name, (repack if packed and rng.random() < 0.6 else mutate)(files[name], rng, others)


# the child


def read_one(path: Path, cells: bool) -> str:
    """`read`, `refused`, or the name of an error that is not ours."""
    from gridbeacon.errors import InputError
    from gridbeacon.layers.grids import read_cells
    from gridbeacon.layers.incidents import read_incidents

    try:
        if cells:
            read_cells(path)
        else:
            intake = read_incidents([path])
            parts = (intake.incidents, intake.quarantine, intake.duplicates, intake.excluded)
            if intake.rows_in != sum(map(len, parts)):
                return "account"
    except InputError as error:
        if error.problem.startswith(
            LOST
        ):  # the reader's own child died or was stopped: told well, and a crash none the less
            return "parser lost" if error.problem.startswith(LOST[0]) else "parser stopped"
        return "refused" if error.problem and error.where and error.fix else "error without fix"
    except Exception as error:  # the point of the exercise: what else comes out
        return type(error).__name__
    return "read"


def child(folder: Path, seed: int, first: int, end: int) -> None:
    """Make and read the inputs [first, end); one line of JSON for each, before the next begins."""
    warnings.simplefilter("ignore")
    files = {name: (folder / "seeds" / name).read_bytes() for name in FORMATS}
    import gridbeacon.layers.grids.reading
    import gridbeacon.layers.incidents.intake  # noqa: F401 - so that no import counts as reading

    print(json.dumps({"ready": True}), flush=True)
    for count in range(first, end):
        name, data = made_input(seed, count, files)
        path = folder / f"{first}-{name}"
        path.write_bytes(data)
        started = time.perf_counter()
        fate = read_one(path, name.startswith("cells"))
        print(json.dumps({"n": count, "fate": fate, "s": round(time.perf_counter() - started, 3)}), flush=True)
        path.unlink(missing_ok=True)


# the watch


@dataclass
class Tally:
    """What became of the inputs: per format and fate, and those to look at."""

    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: float = 0.0
    children: int = 0

    def add(self, count: int, fate: str, seconds: float) -> None:
        name = FORMATS[count % len(FORMATS)]
        self.fates[name, fate] += 1
        self.slowest = max(self.slowest, seconds)
        if fate not in OURS:
            self.bad.append((count, name, fate))

    @property
    def total(self) -> int:
        """Inputs with a fate."""
        return sum(self.fates.values())


def _lines(stream: object, into: queue.Queue[str | None]) -> None:
    for line in stream:  # type: ignore[attr-defined]
        into.put(line)
    into.put(None)


def watch(folder: Path, seed: int, first: int, end: int, tally: Tally) -> int:
    """One child over [first, end); the number after the last input it settled, hung on or crashed on."""
    command = [sys.executable, "-X", "faulthandler", __file__, "--child", str(folder), str(seed), str(first), str(end)]
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with (folder / "stderr.txt").open("ab") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONPATH": paths}
        )
    tally.children += 1
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_lines, args=(process.stdout, lines), daemon=True).start()
    at, patience = first, START
    try:
        while True:
            try:
                line = lines.get(timeout=patience)
            except queue.Empty:
                tally.add(at, "hang", patience)
                return at + 1
            if line is None:
                code = process.wait()
                if at < end:
                    tally.add(at, f"crash {code}", 0.0)
                    return at + 1
                return end
            said, patience = json.loads(line), HANG
            if "n" in said:
                tally.add(said["n"], said["fate"], said["s"])
                at = said["n"] + 1
    finally:
        process.kill()
        process.wait()


def fuzz(n_inputs: int, seed: int, batch: int = 100, seconds: float = float("inf")) -> Tally:
    """Read *n_inputs* mutations, or as many as *seconds* allow."""
    tally, started = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "seeds").mkdir()
        for name, path in seeds_in(_inner(folder, "made")).items():
            (folder / "seeds" / name).write_bytes(path.read_bytes())
        at = 0
        while at < n_inputs and time.monotonic() - started < seconds:
            at = watch(folder, seed, at, min(n_inputs, at + batch), tally)
    return tally


# the table


def table_of(tally: Tally) -> Iterator[str]:
    """Lines of a table: format, inputs, read, refused, anything else."""
    yield "| format | inputs | read | refused | parser lost | parser stopped | crash | hang | other errors |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name in [*FORMATS, "all"]:
        fates: Counter[str] = Counter()
        for (file, fate), n in tally.fates.items():
            if name in (file, "all"):
                fates[fate.split()[0] if fate.startswith("crash") else fate] += n
        kinds = [fates.pop(kind, 0) for kind in (*OURS, "crash", "hang")]
        yield f"| {name} | {sum(kinds) + sum(fates.values())} | {' | '.join(map(str, kinds))} | {sum(fates.values())} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", type=int)
    parser.add_argument("--child", nargs=4)
    asked = parser.parse_args()
    if asked.child:
        child(Path(asked.child[0]), *map(int, asked.child[1:]))
        return
    started = time.monotonic()
    tally = (
        _only(asked.only, asked.seed)
        if asked.only is not None
        else fuzz(asked.inputs, asked.seed, seconds=asked.seconds)
    )
    text = "\n".join(table_of(tally))
    last = (
        f"{tally.total} inputs (seed {asked.seed}) in {tally.children} child processes, "
        f"{time.monotonic() - started:.0f} s; the slowest took {tally.slowest:.1f} s."
    )
    print(text, last, *tally.bad, sep="\n")
    if asked.write:
        asked.write.write_text(HEAD.format(line=last, table=text), encoding="utf-8")
    sys.exit(bool(tally.bad))


def _only(count: int, seed: int) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "seeds").mkdir()
        for name, path in seeds_in(_inner(folder, "made")).items():
            (folder / "seeds" / name).write_bytes(path.read_bytes())
        name, data = made_input(seed, count, {n: (folder / "seeds" / n).read_bytes() for n in FORMATS})
        Path(f"fuzz-{count}-{name}").write_bytes(data)
        watch(folder, seed, count, count + 1, tally)
    return tally


HEAD = """# Damaged files

`tests/fuzz.py` mutates valid files of each format (bits flipped, cut, doubled, spliced, things put in, numbers made
extreme, also inside the members of an archive) and reads them in child processes that are watched: a child that says
nothing for ten seconds is a hang, one that ends by itself is a crash. Written by `make evidence`.

{line}

{table}

`read` means the account adds up; `refused` means one error of ours with problem, place and fix. `parser lost` and
`parser stopped` are refusals too, but the reader's own child process died or ran out of time over the file.
"""

if __name__ == "__main__":
    main()
