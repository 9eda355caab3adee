"""Tables of the two database files. A change is a new migration, never a change of an old one."""

from __future__ import annotations

STORE_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE descriptions (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        file TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        imported_at TEXT NOT NULL,
        units INTEGER NOT NULL,
        problems INTEGER NOT NULL,
        shipped INTEGER NOT NULL,
        vin_pattern TEXT NOT NULL,
        vehicle_name TEXT NOT NULL
    );
    CREATE TABLE units (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        description_key INTEGER NOT NULL REFERENCES descriptions (key) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        folded_name TEXT NOT NULL,
        folded_label TEXT NOT NULL,
        addresses TEXT NOT NULL,
        functional_request INTEGER,
        timing TEXT NOT NULL
    );
    CREATE INDEX units_of_description ON units (description_key, position);
    CREATE INDEX units_by_name ON units (folded_name);
    CREATE INDEX units_by_label ON units (folded_label);
    CREATE TABLE variants (
        unit_key INTEGER NOT NULL REFERENCES units (key) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        patterns TEXT NOT NULL,
        PRIMARY KEY (unit_key, position)
    ) WITHOUT ROWID;
    CREATE TABLE dtcs (
        unit_key INTEGER NOT NULL REFERENCES units (key) ON DELETE CASCADE,
        variant TEXT NOT NULL,
        dtc INTEGER NOT NULL,
        display_code TEXT NOT NULL,
        text TEXT NOT NULL,
        priority INTEGER,
        PRIMARY KEY (unit_key, variant, dtc)
    ) WITHOUT ROWID;
    CREATE TABLE data_identifiers (
        unit_key INTEGER NOT NULL REFERENCES units (key) ON DELETE CASCADE,
        variant TEXT NOT NULL,
        position INTEGER NOT NULL,
        did INTEGER NOT NULL,
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        length INTEGER,
        fields TEXT NOT NULL,
        PRIMARY KEY (unit_key, variant, position)
    ) WITHOUT ROWID;
    CREATE TABLE extended_records (
        unit_key INTEGER NOT NULL REFERENCES units (key) ON DELETE CASCADE,
        variant TEXT NOT NULL,
        record_number INTEGER NOT NULL,
        fields TEXT NOT NULL,
        PRIMARY KEY (unit_key, variant, record_number)
    ) WITHOUT ROWID;
    CREATE TABLE functions (
        unit_key INTEGER NOT NULL REFERENCES units (key) ON DELETE CASCADE,
        variant TEXT NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        kind TEXT NOT NULL,
        request BLOB NOT NULL,
        PRIMARY KEY (unit_key, variant, position)
    ) WITHOUT ROWID;
    CREATE TABLE problems (
        description_key INTEGER NOT NULL REFERENCES descriptions (key) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        place TEXT NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (description_key, position)
    ) WITHOUT ROWID;

    CREATE TABLE credit (edition TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE leases (
        remembered INTEGER PRIMARY KEY AUTOINCREMENT,
        lease_id TEXT NOT NULL,
        product_group TEXT NOT NULL,
        begun TEXT NOT NULL,
        until TEXT NOT NULL,
        source TEXT NOT NULL,
        UNIQUE (lease_id, source)
    );
    CREATE TABLE lease_keys (product_group TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE messages (
        key INTEGER PRIMARY KEY,
        shipped INTEGER NOT NULL,
        lang TEXT NOT NULL,
        edition TEXT NOT NULL,
        position INTEGER NOT NULL,
        number TEXT NOT NULL,
        area TEXT NOT NULL,
        title TEXT NOT NULL,
        occasion TEXT NOT NULL,
        cause TEXT NOT NULL,
        remedy TEXT NOT NULL
    );
    CREATE UNIQUE INDEX messages_by_number ON messages (lang, edition, number, shipped);
    CREATE VIRTUAL TABLE message_words USING fts5 (
        number, title, occasion, cause, remedy,
        content='messages', content_rowid='key', tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
        INSERT INTO message_words (rowid, number, title, occasion, cause, remedy)
        VALUES (new.key, new.number, new.title, new.occasion, new.cause, new.remedy);
    END;
    CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
        INSERT INTO message_words (message_words, rowid, number, title, occasion, cause, remedy)
        VALUES ('delete', old.key, old.number, old.title, old.occasion, old.cause, old.remedy);
    END;
    CREATE TABLE message_sources (source TEXT PRIMARY KEY, etag TEXT NOT NULL) WITHOUT ROWID;
    """,
)

RECORDS_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE reports (
        report_id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        started TEXT NOT NULL,
        vin TEXT NOT NULL,
        vehicle_name TEXT NOT NULL,
        vci TEXT NOT NULL,
        units INTEGER NOT NULL,
        faulty INTEGER NOT NULL,
        silent INTEGER NOT NULL,
        faults INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX reports_by_vin ON reports (vin, kind, report_id);
    """,
    """
    CREATE TABLE order_entries (
        entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL,
        vin TEXT NOT NULL,
        vehicle_name TEXT NOT NULL,
        unit TEXT NOT NULL,
        address TEXT NOT NULL,
        kind TEXT NOT NULL,
        what TEXT NOT NULL,
        request BLOB NOT NULL,
        answer BLOB NOT NULL,
        outcome TEXT NOT NULL,
        who TEXT NOT NULL,
        details TEXT NOT NULL
    );
    CREATE INDEX order_entries_by_vin ON order_entries (vin, entry_id);
    CREATE TABLE codings (
        coding_id INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL,
        vin TEXT NOT NULL,
        unit TEXT NOT NULL,
        address TEXT NOT NULL,
        variant TEXT NOT NULL,
        name TEXT NOT NULL,
        did INTEGER NOT NULL,
        data BLOB NOT NULL,
        options TEXT NOT NULL,
        who TEXT NOT NULL
    );
    CREATE INDEX codings_by_vin ON codings (vin, unit, coding_id);
    CREATE TABLE value_sets (
        vehicle TEXT NOT NULL,
        name TEXT NOT NULL,
        vals TEXT NOT NULL,
        PRIMARY KEY (vehicle, name)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE jobs (
        job_id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        plan TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        results TEXT NOT NULL,
        result TEXT NOT NULL,
        runs INTEGER NOT NULL
    );
    CREATE TABLE job_progress (job_id INTEGER PRIMARY KEY REFERENCES jobs (job_id), progress TEXT NOT NULL);
    CREATE TABLE job_entries (
        entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL REFERENCES jobs (job_id),
        unit TEXT NOT NULL,
        step TEXT NOT NULL,
        began TEXT NOT NULL,
        ended TEXT,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX job_entries_by_job ON job_entries (job_id, entry_id);
    CREATE TABLE job_wishes (job_id INTEGER PRIMARY KEY REFERENCES jobs (job_id), time TEXT NOT NULL);
    CREATE TABLE job_space (
        piece INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (job_id),
        filler BLOB NOT NULL
    );
    """,
)
