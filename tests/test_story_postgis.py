"""A PostGIS layer as input, with the credentials QGIS keeps: they reach nothing of ours, and nothing is half-read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from desk import Desk
from postgres_server import WORD

pytestmark = pytest.mark.qgis
SECRETS = [text.encode() for text in (WORD, quote(WORD, safe=""), "layer_reader")]
"""The password, as it is and as a URL writes it; the user's name has no business in our files either."""
ROWS = """
    CREATE EXTENSION postgis;
    CREATE TABLE many AS SELECT i AS key, 'D' || i AS "工单编号", '供水' AS "诉求大类", '张三' AS "来电人",
        timestamp '2026-01-05' + (i % 40000) * interval '1 minute' AS "受理时间",
        ST_SetSRID(ST_MakePoint(113.5 + (i % 100) / 1e4, 22.5 + (i % 77) / 1e4), 4490) AS geom
        FROM generate_series(1, 30000) i;
    ALTER TABLE many ADD PRIMARY KEY (key);
    CREATE TABLE incidents AS SELECT * FROM many WHERE key <= 3000;
    ALTER TABLE incidents ADD PRIMARY KEY (key);
"""
READER = f"""
    CREATE ROLE layer_reader LOGIN PASSWORD '{WORD}';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO layer_reader;
"""


class Watch(threading.Thread):
    """Looks into every process of the test and into its temporary folder while the engine works."""

    def __init__(self, mark: str, folder: Path):
        super().__init__(daemon=True)
        self.mark, self.folder = mark.encode(), folder
        self.found: set[str] = set()
        self.engines: set[str] = set()
        self.files: set[str] = set()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)
            for place, _, names in os.walk(self.folder):  # passes over folders that are gone by then
                self.files |= set(names)
                self.found |= {f"{name}: {secret!r}" for name in names for secret in secrets_in(Path(place) / name)}

    def _look(self, process: Path) -> None:
        try:
            arguments, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            return
        if self.mark not in environment or b"hand_over_postgis.py" in arguments:
            return  # that script was told the password, to store it
        self.engines.add(arguments.replace(b"\0", b" ").decode(errors="replace"))
        self.found |= {f"{process}: {secret!r}" for secret in SECRETS if secret in arguments + environment}


def secrets_in(path: Path) -> Iterator[bytes]:
    """The secrets that stand in a file."""
    try:
        held = path.read_bytes() if path.is_file() else b""
    except OSError:
        return
    yield from (secret for secret in SECRETS if secret in held)


@pytest.fixture(scope="module")
def told(tmp_path_factory, require, root, postgres):
    """What QGIS tells, what was seen of the processes meanwhile, and the folder of the runs."""
    import psycopg

    postgres.make("hotline")
    with psycopg.connect(**{**postgres.facts, "dbname": "hotline"}) as connection:
        connection.execute(ROWS + READER)
    folder = tmp_path_factory.mktemp("张三 文档")
    desk = Desk(folder, require("qgis")).put_plugin(root)
    (folder / "tmp").mkdir()
    environment = {**desk.environment(), "TMPDIR": str(folder / "tmp")}
    desk.environment = lambda: environment
    watch = Watch(environment["GRIDBEACON_MARK"], folder / "tmp")
    watch.start()
    try:
        facts = {"port": postgres.port, "database": "hotline", "word": WORD, "folder": str(folder / "runs")}
        answer = desk.ask("hand_over_postgis.py", **facts)
        assert watch.is_alive()
    finally:
        watch.is_over.set()
        watch.join(30)
    return answer, watch, folder


def test_the_layer_is_opened_by_stored_credentials_alone(told):
    answer, _, _ = told
    assert "authcfg=" in answer["source"] and not any(secret.decode() in answer["source"] for secret in SECRETS)


@pytest.mark.parametrize("way", ["whole", "job"])
def test_a_postgis_layer_is_handed_over_as_features(told, way):
    """The engine reads a file of the fields it needs; every row is accounted for."""
    answer, _, _ = told
    assert not answer[way].get("error"), answer[way]
    run = Path(answer[way]["folder"])
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["account"]["rows_in"] == 3000 and manifest["account"]["rows_used"] > 1000
    assert next(iter(manifest["inputs"])).startswith("incidents")
    assert manifest["columns"]["time"] == "受理时间"


def test_no_credential_reaches_a_run_a_process_or_a_file(told):
    """Run folders, work folders while they lived, arguments and environment of the engine, what was said and logged."""
    answer, watch, folder = told
    assert len(watch.engines) >= 2 and any("--incidents" in line for line in watch.engines), "engines were seen"
    assert any(name.endswith(".gpkg") for name in watch.files), "work files were seen"
    assert watch.found == set()
    runs = [path for path in (folder / "runs").rglob("*") if path.is_file()]
    assert {path.name for path in runs} >= {"manifest.json", "plan.toml", "results.gpkg", "briefing.html"}
    assert [path for path in runs if list(secrets_in(path))] == []
    for way in ("whole", "job"):
        said = json.dumps(answer[way], ensure_ascii=False).encode()
        assert not any(secret in said for secret in SECRETS)
    assert not any(WORD in line for line in answer["logged"])
    assert list((folder / "tmp").glob("**/gridbeacon-*")) == []


def test_a_database_that_goes_away_is_one_clear_message(told):
    """QGIS takes a broken connection for the end of the rows; nothing may be run on the part that came."""
    answer, _, folder = told
    cut, counting = answer["cut"]
    assert "The layer stopped being there while it was read. " in cut["error"]
    assert "of 30,000 rows came." in cut["error"] and "run again" in cut["error"]
    assert counting["error"] == "" or "stopped being there" in counting["error"]
    if not counting["error"]:
        manifest = json.loads((Path(counting["folder"]) / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["account"]["rows_in"] == 30_000
    assert "stopped being there" in answer["gone"]["error"]
    assert "stopped being there" in answer["away"]["error"]
    assert "stopped being there" in answer["away_job"]["error"]["problem"]
    for name in ("cut", "gone", "away", "away by the dock"):
        assert not list((folder / "runs" / name).glob("*/manifest.json"))
    for trouble in (cut, answer["gone"], answer["away"]):
        assert WORD not in json.dumps(trouble) and "Traceback" not in trouble["error"]


@pytest.fixture(scope="module")
def typed(tmp_path_factory, postgres):
    """Two runs of the command line side by side: the password in the address, and in the environment."""
    import psycopg

    started, folders = {}, {place: tmp_path_factory.mktemp(place) for place in ("address", "environment")}
    for place, folder in folders.items():
        url = postgres.make(f"hotline by {place}")
        with psycopg.connect(**{**postgres.facts, "dbname": f"hotline by {place}"}) as connection:
            connection.execute(ROWS)
        environment = {name: value for name, value in os.environ.items() if name != "PGPASSWORD"}
        if place == "environment":
            environment["PGPASSWORD"] = WORD
        else:
            url = url.replace("boss@", f"boss:{quote(WORD, safe='')}@")
        command = [sys.executable, "-m", "gridbeacon", "run", "--incidents", f"{url}?table=incidents", "--json"]
        files = ["--out", folder / "run", "--ledger", folder / "ledger.sqlite", "--cell-size", "2000"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started[place] = subprocess.Popen([*command, *files], env=environment, cwd=folder, **pipes)
    try:
        said = {place: process.communicate(timeout=300) for place, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
    return {place: (started[place].returncode, *said[place], folders[place]) for place in started}


@pytest.mark.parametrize("place", ["address", "environment"])
def test_the_command_line_keeps_the_password_to_itself(typed, place):
    """`run --incidents postgresql://…`: not in the run's files, not in the ledger, not in a word that is said."""
    code, out, err, folder = typed[place]
    assert code == 0, err.decode()
    words = SECRETS[:2]
    assert not any(word in out + err for word in words)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert {"manifest.json", "plan.toml", "ledger.sqlite"} <= {path.name for path in written}
    assert [path for path in written if any(word in path.read_bytes() for word in words)] == []
