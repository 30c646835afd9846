"""The ledger's tables and guards in SQLite and GeoPackage. Standard library only."""

from __future__ import annotations

APPLICATION = 1195527217
"""Marks a file as a ledger of ours: 'GBL1'."""

GEOPACKAGE = (0x47504B47, 0x47503130, 0x47503131)
"""Marks a file as a GeoPackage: 'GPKG', and 'GP10' and 'GP11' of its first versions."""

TABLES = (
    """CREATE TABLE ledger_events (
    seq INTEGER PRIMARY KEY,
    warning_id TEXT NOT NULL,
    event TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    time TEXT NOT NULL,
    note TEXT NOT NULL,
    payload TEXT NOT NULL,
    once TEXT UNIQUE,
    previous_hash TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE
)""",
    "CREATE INDEX ledger_events_of_warning ON ledger_events (warning_id, seq)",
)

RULES = (
    """CREATE TABLE ledger_transitions (
    event TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, state TEXT NOT NULL, needs_note INTEGER NOT NULL,
    PRIMARY KEY (event, before, after)
)""",
    "CREATE TABLE ledger_about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
"""What version 2 added beside the events."""

MOVE = "INSERT INTO ledger_transitions (event, before, after, state, needs_note) VALUES (?, ?, ?, ?, ?)"
ABOUT = "INSERT INTO ledger_about (name, value) VALUES (?, ?)"

GUARDS = (
    """CREATE TRIGGER ledger_events_never_change BEFORE UPDATE ON ledger_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_events_never_go BEFORE DELETE ON ledger_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_events_follow BEFORE INSERT ON ledger_events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger_events)
  OR NEW.previous_hash <> coalesce(
    (SELECT hash FROM ledger_events ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
BEGIN SELECT RAISE(ABORT, 'an event must follow the last one'); END""",
    """CREATE TRIGGER ledger_events_legal BEFORE INSERT ON ledger_events
WHEN (NEW.warning_id = '') <> (NEW.step = '')
  OR NOT EXISTS (
    SELECT 1 FROM ledger_transitions AS legal
    WHERE legal.event = NEW.event AND legal.after = NEW.step AND legal.state = NEW.state
      AND legal.before = coalesce((SELECT step FROM ledger_events WHERE warning_id = NEW.warning_id
                                   ORDER BY seq DESC LIMIT 1), '')
      AND (legal.needs_note = 0 OR trim(NEW.note) <> ''))
BEGIN SELECT RAISE(ABORT, 'not a legal move'); END""",
    """CREATE TRIGGER ledger_events_signed BEFORE INSERT ON ledger_events
WHEN trim(NEW.actor) = '' OR NEW.time NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
BEGIN SELECT RAISE(ABORT, 'an event needs an actor and a time'); END""",
    """CREATE TRIGGER ledger_transitions_never_change BEFORE UPDATE ON ledger_transitions
BEGIN SELECT RAISE(ABORT, 'the legal moves are fixed'); END""",
    """CREATE TRIGGER ledger_transitions_never_go BEFORE DELETE ON ledger_transitions
BEGIN SELECT RAISE(ABORT, 'the legal moves are fixed'); END""",
    """CREATE TRIGGER ledger_transitions_never_grow BEFORE INSERT ON ledger_transitions
BEGIN SELECT RAISE(ABORT, 'the legal moves are fixed'); END""",
)
"""Made last, when the tables hold what they guard."""

GEOPACKAGE_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT
)""",
    """CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
)""",
    """CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
)""",
    """INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
    ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
    ('WGS 84 geodetic', 4326, 'EPSG', 4326,
     'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],
UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]', 'longitude and latitude in degrees')""",
    "PRAGMA application_id = 1196444487",
    "PRAGMA user_version = 10300",
)
"""A GeoPackage without layers (OGC 12-128r18, annex C), with the table of geometry columns that GDAL looks for."""

REGISTERED = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) VALUES "
    "('ledger_events', 'attributes', 'GridBeacon 台账', '预警台账,只增不改 / record of warnings, append-only', "
    "'2000-01-01T00:00:00.000Z')"
)
"""Makes the events a table that QGIS shows. The date is fixed: the ledger has no clock."""
