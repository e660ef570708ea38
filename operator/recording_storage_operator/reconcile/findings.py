"""What a finished sweep wants changed in the ledger, on disk until it is."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator

from ..core.ledger import Entry, read_line, write_line

_SCHEMA = """
CREATE TABLE IF NOT EXISTS found (day TEXT, sid TEXT, suspect INT, line TEXT, PRIMARY KEY (day, sid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS withdrawn (day TEXT, sid TEXT, PRIMARY KEY (day, sid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted (sid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS missed (sid TEXT PRIMARY KEY) WITHOUT ROWID;
"""

_SUSPECT = "suspect AND sid NOT IN (SELECT sid FROM accepted)"


class Findings:
    """Entries to record and SIDs to take out, by the day of their slice."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(_SCHEMA)

    def clear(self) -> None:
        """Start a new sweep."""
        self._clear("found", "withdrawn", "refused", "accepted", "missed")

    def record(self, entry: Entry, day: str, suspect: bool = False) -> None:
        """The ledger lacks this entry under this day. `suspect`: its only sign is that an object is not there."""
        self._db.execute(
            "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)", (day, entry.sid, suspect, write_line(entry))
        )
        # A twin of it there, left by a crash, would be taken out behind it, and the entry with it.
        self._db.execute("DELETE FROM withdrawn WHERE day = ? AND sid = ?", (day, entry.sid))

    def withdraw(self, sids: Iterable[tuple[str, str]]) -> None:
        """These (sid, day) shall be in no slice of that day."""
        self._db.executemany("INSERT OR IGNORE INTO withdrawn VALUES (?2, ?1)", list(sids))

    def suspects(self) -> int:
        """How many entries rest on nothing but absence, which nobody has accepted."""
        return int(self._db.execute(f"SELECT count(*) FROM found WHERE {_SUSPECT}").fetchone()[0])  # noqa: S608 - above

    def refuse_suspects(self, *, told: bool) -> None:
        """Believe none of them. A person can accept only what was told."""
        if told:
            self._db.execute(f"INSERT OR IGNORE INTO refused SELECT sid FROM found WHERE {_SUSPECT}")  # noqa: S608 - above
        self._db.execute(f"DELETE FROM found WHERE {_SUSPECT}")  # noqa: S608 - above

    def miss(self, sid: str) -> None:
        """Its object is not there, and it may yet be taken for deleted."""
        self._db.execute("INSERT OR IGNORE INTO missed VALUES (?)", (sid,))

    def missed(self) -> Iterator[str]:
        """The SIDs of these, one by one."""
        return (sid for (sid,) in self._db.execute("SELECT sid FROM missed"))

    def refuse(self, sid: str) -> None:
        """It is missing, and nothing tells whether it ever was there."""
        self._db.execute("INSERT OR IGNORE INTO refused VALUES (?)", (sid,))

    def loss(self) -> str:
        """The id of what was refused, empty for nothing: another recording more or less makes it another loss."""
        digest = hashlib.sha256()
        sids = 0
        for (sid,) in self._db.execute("SELECT sid FROM refused ORDER BY sid"):
            digest.update(sid.encode())
            sids += 1
        # It begins with a letter: YAML takes some digests for numbers.
        return f"m{digest.hexdigest()[:11]}" if sids else ""

    def accept(self) -> Iterator[str]:
        """All that was refused is believed from now on, and is to be found anew. The SIDs, one by one."""
        self._db.execute("INSERT OR IGNORE INTO accepted SELECT sid FROM refused")
        self._clear("found", "withdrawn", "refused", "missed")
        return (sid for (sid,) in self._db.execute("SELECT sid FROM accepted"))

    def found(self, day: str) -> list[Entry]:
        """The entries to record under a day."""
        return [read_line(line) for (line,) in self._db.execute("SELECT line FROM found WHERE day = ?", (day,))]

    def withdrawn(self, day: str) -> set[str]:
        """The SIDs to take out of a day's slices."""
        return {sid for (sid,) in self._db.execute("SELECT sid FROM withdrawn WHERE day = ?", (day,))}

    def by_day(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many entries wait to be recorded, and to be taken out."""
        found = self._db.execute("SELECT day, count(*) FROM found GROUP BY day ORDER BY day")
        withdrawn = self._db.execute("SELECT day, count(*) FROM withdrawn GROUP BY day ORDER BY day")
        return dict(found), dict(withdrawn)

    def recorded(self, day: str) -> None:
        """The ledger holds what was found for that day."""
        self._db.execute("DELETE FROM found WHERE day = ?", (day,))

    def taken_out(self, day: str) -> None:
        """The ledger no longer holds what was withdrawn from that day."""
        self._db.execute("DELETE FROM withdrawn WHERE day = ?", (day,))

    def _clear(self, *tables: str) -> None:
        for table in tables:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this class, no input
