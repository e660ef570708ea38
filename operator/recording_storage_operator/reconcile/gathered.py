"""What a sweep read, on disk: the joins of a million recordings need no memory there."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..core.deletions import Evidence, Memory
from ..core.facts import DeletionEvent, ObjectVersion, UploadAlert
from ..core.ledger import SETTLED, Slice, read_line, write_line
from ..core.recordings import Location, Place, Recording, sid_of_key

BATCH = 2000
"""Rows looked at between two looks at the queue: some 20 ms of work."""

DOUBTFUL_BATCH = 20
"""SIDs asked for one by one in a step: each may be a request."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS twilio (sid TEXT PRIMARY KEY, status TEXT, place TEXT, key TEXT, bucket TEXT,
                                   created TEXT, seconds INT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stored (sid TEXT PRIMARY KEY, present INT, hidden_since REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS markers (sid TEXT PRIMARY KEY, newest REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (sid TEXT PRIMARY KEY, deleted_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failed (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (sid TEXT PRIMARY KEY, day TEXT, line TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS not_at_twilio (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS not_in_bucket (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubted (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sids (sid TEXT PRIMARY KEY) WITHOUT ROWID;
"""

_OF_ONE_SWEEP = ("twilio", "stored", "markers", "failed", "ledger", "not_at_twilio", "not_in_bucket", "sids")
"""Kept from sweep to sweep: the events, of which each sweep reads only the newest, which objects were seen, and whose
absence was not believed.
"""

_DOUBTED = """
FROM doubted JOIN twilio USING (sid)
LEFT JOIN stored USING (sid) LEFT JOIN failed USING (sid) LEFT JOIN seen USING (sid) LEFT JOIN ledger USING (sid)
WHERE twilio.status IN ('completed', 'deleted') AND twilio.place IN ('WatchedBucket', 'OtherBucket')
AND stored.sid IS NULL AND (failed.sid IS NULL OR seen.sid IS NOT NULL) AND ledger.sid IS NULL
"""
"""Who deletes a recording at Twilio may keep its copy: also then it is missing. What was seen has arrived, whatever an
alert says of a first attempt.
"""

_EVIDENCE = """
SELECT sids.sid AS sid, twilio.status, twilio.place, twilio.key, twilio.created, twilio.seconds,
       stored.present, iif(stored.hidden_since, markers.newest, NULL) AS hidden_since, seen.sid AS seen,
       events.deleted_at AS event, failed.sid AS failed,
       not_at_twilio.sid AS not_at_twilio, not_in_bucket.sid AS not_in_bucket,
       ledger.day, ledger.line
FROM sids
LEFT JOIN twilio USING (sid) LEFT JOIN stored USING (sid) LEFT JOIN markers USING (sid)
LEFT JOIN seen USING (sid) LEFT JOIN events USING (sid) LEFT JOIN failed USING (sid) LEFT JOIN ledger USING (sid)
LEFT JOIN not_at_twilio USING (sid) LEFT JOIN not_in_bucket USING (sid)
WHERE sids.sid > ?
"""

_SOMEWHERE_MISSING = " AND (twilio.sid IS NULL OR (twilio.place = 'WatchedBucket' AND stored.sid IS NULL))"

_SETTLE_DOUBTS = """
DELETE FROM doubted
WHERE EXISTS (SELECT 1 FROM stored WHERE stored.sid = doubted.sid)
OR EXISTS (SELECT 1 FROM ledger WHERE ledger.sid = doubted.sid)
OR EXISTS (SELECT 1 FROM twilio WHERE twilio.sid = doubted.sid AND status NOT IN ('completed', 'deleted'))
OR (EXISTS (SELECT 1 FROM failed WHERE failed.sid = doubted.sid)
    AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.sid = doubted.sid))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One SID with all that is known of it: its object key, and the day of the slice that holds its entry."""

    evidence: Evidence
    memory: Memory
    key: str
    day: str


class Gathered:
    """The sources of one sweep, joined by SID."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(_SCHEMA)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is written inside counts, or nothing of it where something raises."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def clear(self) -> None:
        """Start a new sweep. What was in the very bucket that Twilio wrote it to has been seen; a copy elsewhere proves
        no upload.
        """
        query = (
            "INSERT OR IGNORE INTO seen SELECT sid FROM stored JOIN twilio USING (sid)"
            " WHERE present AND place = 'WatchedBucket'"
        )
        self._db.execute(query)
        # Nobody would take this back, and the journal of it would hold the whole last sweep in memory.
        self._db.execute("PRAGMA journal_mode=OFF")
        for table in _OF_ONE_SWEEP:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - table names above, no input
        self._db.execute("PRAGMA journal_mode=MEMORY")

    def forget_seen(self) -> None:
        """What was in another bucket."""
        self._db.execute("DELETE FROM seen")
        self._db.execute("DELETE FROM stored")

    def holds_any(self) -> bool:
        """Whether anything shows that this is the bucket Twilio writes to: a recording seen there, or its marker."""
        query = (
            "SELECT 1 FROM stored UNION ALL"
            # What was seen in a bucket that was watched before proves nothing of this one.
            " SELECT 1 FROM seen JOIN twilio USING (sid) WHERE place = ? LIMIT 1"
        )
        return self._db.execute(query, (Place.WATCHED_BUCKET,)).fetchone() is not None

    def doubt(self, sids: Iterable[str]) -> None:
        """Do not believe that these are gone until they are accounted for, whatever bucket is watched meanwhile."""
        self._db.executemany("INSERT OR IGNORE INTO doubted VALUES (?)", ((sid,) for sid in sids))

    def doubt_elsewhere(self) -> None:
        """The same for all in buckets that are not watched: some were doubted there, and nobody knows which."""
        query = (
            "INSERT OR IGNORE INTO doubted SELECT sid FROM twilio"
            " WHERE place = ? AND status IN ('completed', 'deleted')"
        )
        self._db.execute(query, (Place.OTHER_BUCKET,))

    def is_doubtful(self) -> bool:
        """Whether some of them are missing in the bucket that is watched now."""
        query = f"SELECT 1 {_DOUBTED} AND place = ? LIMIT 1"
        return self._db.execute(query, (Place.WATCHED_BUCKET,)).fetchone() is not None

    def doubtful(self) -> int:
        """How many are still missing. Those seen since, known to be deleted, or never written are doubted no more."""
        self._db.execute(_SETTLE_DOUBTS)
        return int(self._db.execute(f"SELECT count(*) {_DOUBTED}").fetchone()[0])

    def add_recordings(self, recordings: Sequence[tuple[Recording, Location]]) -> int:
        """Keep a page of the listing. Returns how many of its SIDs were new to this sweep."""
        return self._db.executemany(
            "INSERT OR IGNORE INTO twilio VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(r.sid, r.status, w.place, w.key, w.bucket, r.date_created, r.seconds) for r, w in recordings],
        ).rowcount

    def folders(self, listed: str, account: str) -> list[str]:
        """Where else in the watched bucket the recordings of the account lie: paths that end in its SID, each once."""
        query = (
            "SELECT DISTINCT substr(key, 1, instr(key, :end) + length(:end) - 1) FROM twilio"
            " WHERE place = :place AND substr(key, 1, length(:listed)) != :listed AND instr(key, :end) ORDER BY 1"
        )
        values = {"place": Place.WATCHED_BUCKET, "listed": listed, "end": f"/{account}/"}
        return [folder for (folder,) in self._db.execute(query, values)]

    def add_versions(self, versions: Iterable[ObjectVersion]) -> None:
        """Keep a page of the bucket, once all recordings are known. A SID may have several keys: it is there if one of
        them is, and gone since the last of them was deleted. That it is gone only the recording's own key can tell.
        """
        rows = [_stored(sid, version) for version in versions if (sid := sid_of_key(version.key))]
        self._db.executemany(
            "INSERT INTO stored SELECT :sid, :present, :hidden_since WHERE :present OR NOT EXISTS ("
            " SELECT 1 FROM twilio WHERE sid = :sid AND place = 'WatchedBucket' AND key NOT IN (:key, :stem))"
            " ON CONFLICT (sid) DO UPDATE SET"
            " present = max(present, excluded.present),"
            " hidden_since = nullif(max(ifnull(hidden_since, 0), ifnull(excluded.hidden_since, 0)), 0)",
            rows,
        )
        self._db.executemany(
            "INSERT INTO markers SELECT :sid, :hidden_since WHERE NOT :present"
            " ON CONFLICT (sid) DO UPDATE SET newest = max(newest, excluded.newest)",
            rows,
        )

    def add_events(self, events: Iterable[DeletionEvent]) -> None:
        """Keep times of deletion; a repeated event changes nothing."""
        rows = [(event.recording_sid, event.deleted_at.timestamp()) for event in events]
        self._db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?)", rows)

    def add_alerts(self, alerts: Iterable[UploadAlert]) -> None:
        """Keep which recordings never reached the bucket."""
        self._db.executemany("INSERT OR IGNORE INTO failed VALUES (?)", [(a.recording_sid,) for a in alerts])

    def forget_ledger(self) -> None:
        """Before it is read: a sweep that judges again reads it twice."""
        self._db.execute("DELETE FROM ledger")

    def add_slice(self, part: Slice) -> list[tuple[str, str]]:
        """Keep what the ledger remembers. Returns (sid, day) of entries that a slice of a later day holds too.

        A crash between writing an entry under its new day and taking it out of the old one leaves such twins.
        """
        twins = []
        for entry in part.entries():
            held = self._db.execute("SELECT day FROM ledger WHERE sid = ?", (entry.sid,)).fetchone()
            if held and held[0] != part.day and SETTLED not in (held[0], part.day):
                twins.append((entry.sid, min(held[0], part.day)))
            if not held or held[0] == SETTLED or SETTLED != part.day > held[0]:
                row = (entry.sid, part.day, write_line(entry))
                self._db.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", row)
        return twins

    def index(self) -> None:
        """Call once all sources are read: makes the list of SIDs that `rows` walks along."""
        for table in ("twilio", "stored", "ledger"):
            self._db.execute(f"INSERT OR IGNORE INTO sids SELECT sid FROM {table}")  # noqa: S608 - names above

    def believe(self, sids: Iterable[str]) -> None:
        """These were in the bucket once, whether or not a sweep saw them there, and are not any more."""
        for sid in sids:
            self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (sid,))
            self._db.execute("DELETE FROM doubted WHERE sid = ?", (sid,))

    def rows(self, after: str) -> list[Row]:
        """The next batch in order of SID."""
        return self._select(_EVIDENCE, after, BATCH)

    def unlisted(self, after: str) -> list[Row]:
        """The next few that Twilio or the bucket does not list."""
        return self._select(_EVIDENCE + _SOMEWHERE_MISSING, after, DOUBTFUL_BATCH)

    def _select(self, query: str, after: str, limit: int) -> list[Row]:
        cursor = self._db.execute(query + " ORDER BY sids.sid LIMIT ?", (after, limit))
        cursor.row_factory = sqlite3.Row
        return [_row(columns) for columns in cursor]

    def confirm_not_at_twilio(self, sid: str) -> None:
        """Twilio answered 404 for it."""
        self._db.execute("INSERT OR IGNORE INTO not_at_twilio VALUES (?)", (sid,))

    def confirm_in_bucket(self, sid: str, there: bool) -> None:
        """S3 was asked for its very key, which may lie outside the listed prefix."""
        row = (
            "INSERT OR REPLACE INTO stored VALUES (?, 1, NULL)"
            if there
            else "INSERT OR IGNORE INTO not_in_bucket VALUES (?)"
        )
        self._db.execute(row, (sid,))

    def other_buckets(self) -> tuple[str, ...]:
        """Buckets that hold recordings and are not watched: the three most used."""
        query = "SELECT bucket FROM twilio WHERE place = ? GROUP BY bucket ORDER BY count(*) DESC, bucket LIMIT 3"
        return tuple(bucket for (bucket,) in self._db.execute(query, (Place.OTHER_BUCKET,)))


def _stored(sid: str, version: ObjectVersion) -> dict[str, object]:
    """`stem` is the key without the extension of its audio, which a media URL may lack."""
    return {
        "sid": sid,
        "present": not version.is_delete_marker,
        "hidden_since": version.modified_at.timestamp() if version.is_delete_marker else None,
        "key": version.key,
        "stem": version.key[: version.key.rindex(sid) + len(sid)],
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _row(columns: Any) -> Row:
    return Row(
        evidence=Evidence(
            sid=columns["sid"],
            status=columns["status"],
            place=Place(columns["place"]) if columns["place"] else Place.UNKNOWN,
            date_created=columns["created"] or "",
            seconds=columns["seconds"] or 0,
            in_bucket=bool(columns["present"]),
            hidden_since=_moment(columns["hidden_since"]),
            deletion_event=_moment(columns["event"]),
            upload_failed=columns["failed"] is not None,
            seen_in_bucket=columns["seen"] is not None,
            confirmed_not_in_bucket=columns["not_in_bucket"] is not None,
            confirmed_not_at_twilio=columns["not_at_twilio"] is not None,
        ),
        memory=_memory(columns),
        key=columns["key"] or "",
        day=columns["day"] or "",
    )


def _memory(columns: Any) -> Memory:
    if columns["day"] is None:
        return Memory()
    if columns["day"] == SETTLED:
        return Memory(settled=read_line(columns["line"]))
    return Memory(read_line(columns["line"]))
