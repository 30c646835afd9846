"""What the files of a ledger refuse: other files, newer ones, damage, tampering, network drives, a full disk."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.ledger import CLOSED, TO_JUDGE, open_ledger
from gridbeacon.layers.ledger import places as ledger_places
from gridbeacon.layers.ledger.chain import digest
from gridbeacon.layers.ledger.schema import GUARDS
from gridbeacon.layers.ledger.states import legal_moves
from gridbeacon.layers.ledger.store import VERSION

OLD = Path(__file__).parent / "golden" / "ledger_version_1.sqlite"
BY = {"actor": "值班台", "time": "2025-07-01T09:00:00"}
ENDINGS = pytest.mark.parametrize("ending", ["sqlite", "gpkg"])


def ungrouped(groups: str) -> str:
    """A digest written in groups, or it passes for a secret."""
    return groups.replace(" ", "")


def warnings_of(**levels):
    return [{"warning_id": name, "level": level, "category": "供水"} for name, level in levels.items()]


def filled(path, days=1):
    with open_ledger(path) as ledger:
        for day in range(1, days + 1):
            ledger.issue(warnings_of(a="red", b="blue"), f"2025-07-{day:02}", "run")
        ledger.record("b", "dismissed", note="演练", **BY)
        return list(ledger.events())


def tamper(path, *statements):
    raw = sqlite3.connect(path)
    raw.executescript(";\n".join(statements))
    raw.close()


def refused(path, code="E-LEDGER-006", create=True):
    """The refusal of a file that stays byte for byte what it is."""
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        open_ledger(path, create=create)
    assert (caught.value.code, path.read_bytes()) == (code, before)
    return str(caught.value)


@ENDINGS
def test_the_database_itself_refuses_change(tmp_path, ending):
    filled(path := tmp_path / f"ledger.{ending}")
    raw = sqlite3.connect(path)
    columns = "actor, time, note, payload, NULL, 'p', 'h' FROM ledger_events"
    for statement, why in {
        "UPDATE ledger_events SET note = 'x'": "append-only",
        "DELETE FROM ledger_events": "append-only",
        f"INSERT INTO ledger_events SELECT 99, warning_id, event, step, state, {columns}": "follow",
        f"INSERT OR REPLACE INTO ledger_events SELECT 1, warning_id, event, step, state, {columns}": "follow",
        "UPDATE ledger_transitions SET after = 'closed'": "fixed",
        "DELETE FROM ledger_transitions": "fixed",
        "INSERT INTO ledger_transitions VALUES ('x', 'issued', 'closed', '已销号', 0)": "fixed",
    }.items():
        with pytest.raises(sqlite3.DatabaseError, match=why):
            raw.execute(statement)
    raw.close()
    with open_ledger(path) as ledger:
        assert ledger.verify() == 4


@ENDINGS
def test_the_database_itself_refuses_illegal_moves(tmp_path, ending):
    """What follows the last event, and is hashed as it should be, is still refused if it is no legal move."""
    filled(path := tmp_path / f"ledger.{ending}")
    raw = sqlite3.connect(path)
    head = raw.execute("SELECT hash FROM ledger_events WHERE seq = 4").fetchone()[0]
    insert = f"INSERT INTO ledger_events VALUES (5, ?, ?, ?, ?, ?, ?, ?, '{{}}', NULL, '{head}', 'h')"
    good = ("a", "assigned", "assigned", "已交办", "x", "2025-07-01T09:00", "")
    wrong = {
        "handled at once": ("a", "handled", "handled", "已办结", *good[4:]),
        "another step than the event's": ("a", "assigned", "handled", "已办结", *good[4:]),
        "another state than the step's": ("a", "assigned", "assigned", "已办结", *good[4:]),
        "assigned after it was dismissed": ("b", *good[1:]),
        "assigned and never issued": ("c", *good[1:]),
        "a warning without an id": ("", *good[1:]),
        "a run's event with an id": ("c", "run_issued", "", "", *good[4:]),
        "an event nobody knows": ("a", "deleted", "closed", "已销号", *good[4:]),
        "nobody did it": (*good[:4], " ", *good[5:]),
        "no time": (*good[:5], "soon", ""),
        "dismissed without a note": ("a", "dismissed", "dismissed", "已销号", "x", "2025-07-01T09:00", " "),
    }
    for name, values in wrong.items():
        with pytest.raises(sqlite3.DatabaseError, match=r"legal|actor"):
            raw.execute(insert, values)
            pytest.fail(name)
    raw.execute(insert, good)
    raw.close()


TAMPERING = {
    "a changed note": "UPDATE ledger_events SET note = 'x' WHERE seq = 2",
    "a changed level": "UPDATE ledger_events SET payload = replace(payload, 'red', 'blue') WHERE seq = 1",
    "a changed step": "UPDATE ledger_events SET step = 'judged' WHERE seq = 1",
    "a missing event": "DELETE FROM ledger_events WHERE seq = 2",
    "a text that is none": "UPDATE ledger_events SET note = x'fffe' WHERE seq = 2",
}


@ENDINGS
@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING)
def test_a_changed_past_is_refused(tmp_path, ending, statement):
    """By someone who takes the guards away and puts them back."""
    filled(path := tmp_path / f"ledger.{ending}")
    guards = [guard for guard in GUARDS if "never" in guard and "events" in guard]
    tamper(path, *(f"DROP TRIGGER {guard.split()[2]}" for guard in guards), statement, *guards)
    assert "damaged: event" in refused(path)


@ENDINGS
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER ledger_events_never_change",
        "DROP TRIGGER ledger_events_legal",
        "DROP INDEX ledger_events_of_warning",
        "ALTER TABLE ledger_events ADD COLUMN more TEXT",
        "ALTER TABLE ledger_events RENAME COLUMN note TO remark",
        "DROP TRIGGER ledger_transitions_never_go; DELETE FROM ledger_transitions WHERE event = 'closed';" + GUARDS[6],
        "CREATE TRIGGER extra AFTER INSERT ON ledger_events BEGIN SELECT 1; END",
    ],
)
def test_a_ledger_without_its_guards_is_refused(tmp_path, ending, statement):
    filled(path := tmp_path / f"ledger.{ending}")
    tamper(path, statement)
    assert "missing or changed" in (told := refused(path)) or "were changed" in told


@ENDINGS
def test_flipped_bytes_never_pass_for_a_good_ledger(tmp_path, ending):
    events = filled(path := tmp_path / f"ledger.{ending}", days=20)
    whole, draw, found = path.read_bytes(), random.Random(5), 0
    for turn in range(160):
        broken = bytearray(whole)
        broken[draw.randrange(len(broken) if turn % 4 else 100)] ^= 1 << draw.randrange(8)  # every fourth in the header
        path.write_bytes(broken)
        try:
            with open_ledger(path) as ledger:
                assert list(ledger.events()) == events  # the flip hit free space, or another table
        except (InputError, EnvironmentProblem) as error:
            found += 1
            assert error.code in ("E-LEDGER-004", "E-LEDGER-005", "E-LEDGER-006", "E-LEDGER-007")
        assert path.read_bytes() == broken
    assert found > 20


def test_what_is_no_ledger_is_refused_and_left_alone(tmp_path):
    for content in (b"not a database at all, " * 50, b"", b"SQLite format 3\0"):
        for name in ("other.sqlite", "other.gpkg"):
            (tmp_path / name).write_bytes(content)
            assert refused(tmp_path / name, "E-LEDGER-004" if not content else "E-LEDGER-006")
    tamper(tmp_path / "table", "CREATE TABLE ledger_events (x)")
    refused(tmp_path / "table", "E-LEDGER-004")
    for name, code in {".": "E-LEDGER-002", "none": "E-LEDGER-001", "none.gpkg": "E-LEDGER-001"}.items():
        with pytest.raises(InputError) as caught:
            open_ledger(tmp_path / name, create=False)
        assert caught.value.code == code
    assert not list(tmp_path.glob("none*"))
    with pytest.raises(InputError) as caught:
        open_ledger("mysql://host/db")
    assert caught.value.code == "E-LEDGER-020"


def test_a_newer_ledger_is_refused(tmp_path):
    open_ledger(tmp_path / "ledger.sqlite").close()
    tamper(tmp_path / "ledger.sqlite", "PRAGMA user_version=3")
    assert "version 3" in refused(tmp_path / "ledger.sqlite", "E-LEDGER-005")
    open_ledger(tmp_path / "ledger.gpkg").close()
    tamper(tmp_path / "ledger.gpkg", "UPDATE ledger_about SET value = '3' WHERE name = 'version'")
    assert "version 3" in refused(tmp_path / "ledger.gpkg", "E-LEDGER-005")
    tamper(tmp_path / "ledger.gpkg", "UPDATE ledger_about SET value = 'x'")
    refused(tmp_path / "ledger.gpkg")


def test_new_legal_moves_need_a_new_version():
    """A ledger holds the moves of its version and is refused with others; who changes them here has to migrate it."""
    moves = digest(sorted(map(list, legal_moves())))
    assert (VERSION, moves) == (2, ungrouped("23ff6d61 3c5e39e7 444bd0b3 c36064fe 6f27234a 0868532a 044f623f a3caf555"))


def test_a_ledger_of_version_1_is_brought_up_to_date(tmp_path):
    """The file was written by version 1: states 已交办 待研判 待研判 待研判, 21 events, the head below."""
    path = tmp_path / "ledger.sqlite"
    shutil.copy(OLD, path)
    raw = sqlite3.connect(OLD)
    before = raw.execute("SELECT * FROM events ORDER BY seq").fetchall()
    raw.close()
    for _ in range(2):
        with open_ledger(path, create=False) as ledger:
            assert ledger.head() == ungrouped("89a7db16 b5baede2 163f57ab 7d9767bc 15d4ee47 d167c145 639d1a3c 5b6aef40")
            assert ledger.steps() == {"a": "assigned", "b": "reopened", "c": "issued", "d": "issued"}
            assert [tuple(v for k, v in event.items() if k != "step") for event in ledger.events()] == before
            rows = {row["warning_id"]: row for row in ledger.warnings()}
            assert (rows["a"]["verdict"], rows["a"]["reopened"], rows["a"]["assigned_to"]) == ("true", 1, "水务科")
    with open_ledger(path) as ledger:
        ledger.record("a", "received", **BY)
        assert ledger.verify() == 22


def test_a_broken_ledger_of_version_1_is_refused_untouched(tmp_path):
    path = tmp_path / "ledger.sqlite"
    shutil.copy(OLD, path)
    tamper(path, "DROP TRIGGER events_never_change", "UPDATE events SET note = 'x' WHERE seq = 7")
    assert "event 7 is not what was recorded" in refused(path)


def test_what_is_acknowledged_is_on_the_disk(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (level,) = ledger._store.connection.execute("PRAGMA synchronous").fetchone()
    assert level == 3  # EXTRA: FULL, and the directory too once the journal is gone


def test_a_place_that_cannot_be_written_is_the_machines_trouble(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="cannot be made"):
        open_ledger(tmp_path / "file" / "ledger.sqlite")


# --- network drives

MOUNTS = r"""22 1 0:20 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:21 / /mnt/city rw - nfs4 server:/city rw
24 22 0:22 / /mnt/local rw - xfs /dev/sdb1 rw
25 24 0:23 / /mnt/local/share\040two rw shared:1 - cifs //server/share rw
26 22 0:24 / /home/desk/server rw - fuse.sshfs desk@server: rw
27 23 0:25 / /mnt/city/scratch rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/city/ledger.sqlite", "nfs4"),
        ("/mnt/city", "nfs4"),
        ("/mnt/cityhall/ledger.sqlite", ""),
        ("/mnt/local/ledger.gpkg", ""),
        ("/mnt/local/share two/ledger.gpkg", "cifs"),
        ("/home/desk/server/ledger.gpkg", "fuse.sshfs"),
        ("/mnt/city/scratch/ledger.sqlite", ""),
        ("/ledger.sqlite", ""),
    ],
)
def test_the_mount_of_a_path_tells_whether_it_is_remote(path, kind):
    assert ledger_places.remote_mount(path, MOUNTS) == kind


@pytest.mark.parametrize(
    ("path", "drive", "kind"),
    [
        (r"\\server\share\ledger.gpkg", 3, "UNC"),
        ("//server/share/ledger.gpkg", 3, "UNC"),
        (r"\\?\UNC\server\share\ledger.gpkg", 3, "UNC"),
        (r"\\?\C:\city\ledger.gpkg", 3, ""),
        (r"C:\city\ledger.gpkg", 3, ""),
        (r"Z:\city\ledger.gpkg", 4, "remote drive"),
    ],
)
def test_windows_tells_its_remote_drives(monkeypatch, path, drive, kind):
    monkeypatch.setattr(ledger_places, "drive_type", lambda root: drive)
    assert ledger_places.network_kind(path, windows=True) == kind


@ENDINGS
def test_a_ledger_on_a_network_drive_is_refused(tmp_path, monkeypatch, ending):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 0:20 / / rw - ext4 /dev/sda1 rw\n23 22 0:21 / {tmp_path} rw - nfs4 server:/x rw\n")
    monkeypatch.setattr(ledger_places, "_MOUNTS", mounts)
    for place in (tmp_path / f"ledger.{ending}", rf"\\server\share\ledger.{ending}"):
        with pytest.raises(InputError, match=r"network drive \((nfs4|UNC)\)") as caught:
            open_ledger(place)
        assert caught.value.code == "E-LEDGER-018" and not list(tmp_path.glob("ledger*"))


# --- states after all this


def test_closed_and_open_are_told_after_reopening_the_file(tmp_path):
    filled(path := tmp_path / "ledger.sqlite")
    with open_ledger(path, create=False) as ledger:
        assert ledger.states() == {"a": TO_JUDGE, "b": CLOSED}
