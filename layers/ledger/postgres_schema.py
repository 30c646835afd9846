"""The ledger's tables and guards in PostgreSQL. Standard library only."""

from __future__ import annotations

LOCK = "SELECT pg_advisory_xact_lock(1195527217)"
"""One writer after another, until the end of the transaction; readers never wait."""

TABLES = (
    """CREATE TABLE ledger_events (
    seq bigint PRIMARY KEY,
    warning_id text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    step text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    time text COLLATE "C" NOT NULL,
    note text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    once text COLLATE "C" UNIQUE,
    previous_hash text COLLATE "C" NOT NULL UNIQUE,
    hash text COLLATE "C" NOT NULL UNIQUE
)""",
    "CREATE INDEX ledger_events_of_warning ON ledger_events (warning_id, seq)",
    """CREATE TABLE ledger_transitions (
    event text COLLATE "C" NOT NULL, before text COLLATE "C" NOT NULL, after text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL, needs_note integer NOT NULL, PRIMARY KEY (event, before, after)
)""",
    "CREATE TABLE ledger_about (name text PRIMARY KEY, value text NOT NULL)",
)

FUNCTIONS = {
    "ledger_refuse": """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END $$""",
    "ledger_admit": """CREATE FUNCTION ledger_admit() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    last_seq bigint;
    last_hash text;
    last_step text;
BEGIN
    PERFORM pg_advisory_xact_lock(1195527217);
    SELECT seq, hash INTO last_seq, last_hash FROM ledger_events ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last_seq, 0) + 1 OR NEW.previous_hash <> coalesce(last_hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'an event must follow the last one';
    END IF;
    IF trim(NEW.actor) = '' OR NEW.time !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}' THEN
        RAISE EXCEPTION 'an event needs an actor and a time';
    END IF;
    SELECT step INTO last_step FROM ledger_events WHERE warning_id = NEW.warning_id ORDER BY seq DESC LIMIT 1;
    IF (NEW.warning_id = '') <> (NEW.step = '') OR NOT EXISTS (
        SELECT 1 FROM ledger_transitions AS legal
        WHERE legal.event = NEW.event AND legal.before = coalesce(last_step, '') AND legal.after = NEW.step
          AND legal.state = NEW.state AND (legal.needs_note = 0 OR trim(NEW.note) <> '')) THEN
        RAISE EXCEPTION 'not a legal move';
    END IF;
    RETURN NEW;
END $$""",
}

TRIGGERS = {
    "ledger_events_never_change": "ledger_refuse",
    "ledger_events_never_empty": "ledger_refuse",
    "ledger_events_admit": "ledger_admit",
    "ledger_transitions_never_change": "ledger_refuse",
    "ledger_transitions_never_empty": "ledger_refuse",
}
"""Trigger -> its function."""

GUARDS = (
    """CREATE TRIGGER ledger_events_never_change BEFORE UPDATE OR DELETE ON ledger_events
FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_events_never_empty BEFORE TRUNCATE ON ledger_events
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_events_admit BEFORE INSERT ON ledger_events
FOR EACH ROW EXECUTE FUNCTION ledger_admit()""",
    """CREATE TRIGGER ledger_transitions_never_change BEFORE INSERT OR UPDATE OR DELETE ON ledger_transitions
FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_transitions_never_empty BEFORE TRUNCATE ON ledger_transitions
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
    "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_never_change",
    "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_never_empty",
    "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_admit",
    "ALTER TABLE ledger_transitions ENABLE ALWAYS TRIGGER ledger_transitions_never_change",
    "ALTER TABLE ledger_transitions ENABLE ALWAYS TRIGGER ledger_transitions_never_empty",
)
"""Made last, when the tables hold what they guard; they act in every session, that of a replica too."""
