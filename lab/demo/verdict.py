"""What the support article says, what was answered, and whether the two agree. Pure: nothing is asked here.

The article's words and the answers meet only in `Cell`, so no cell can agree without an answer of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

METADATA_KEPT = timedelta(days=40)
"""Twilio purges the metadata of a deleted recording so long after its deletion."""

ROUNDING = timedelta(seconds=1)
"""The ledger keeps whole seconds, rounded up."""


class Access(StrEnum):
    """What an answer says. Unclear agrees with nothing: a server error is neither there nor gone."""

    ACCESSIBLE = "accessible"
    GONE = "not accessible"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer to one question, in a few words for people."""

    words: str
    access: Access


@dataclass(frozen=True, slots=True)
class Sighting:
    """One recording at one moment, as Twilio, S3 and the operator's ledger told of it.

    `deleted_at` is when it was deleted, None before; `listed_until` is the ledger's `expiresAt`, None where not listed.
    """

    media: Answer
    metadata: Answer
    stored: Answer
    deleted_at: datetime | None
    listed_until: datetime | None

    def ledger_is(self, listed: bool) -> bool:
        """Whether the ledger lists it as it should: not at all, or until 40 days after its deletion."""
        if not listed or self.deleted_at is None or self.listed_until is None:
            return not listed and self.listed_until is None
        return timedelta(0) <= self.listed_until - (self.deleted_at + METADATA_KEPT) <= ROUNDING


@dataclass(frozen=True, slots=True)
class Claim:
    """A cell of the article: its words, what they mean for each question (None: not asked), and for the ledger."""

    words: str
    listed: bool
    media: Access | None = None
    stored: Access | None = None
    metadata: Access | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line below a claim: what was answered, and whether that is what the claim means."""

    words: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A claim beside the sighting it is held against."""

    claim: Claim
    sighting: Sighting

    @property
    def agrees(self) -> bool:
        """Whether every answer is what the article says, and the ledger as it has to be."""
        return all(finding.agrees for finding in self.findings)

    @property
    def findings(self) -> list[Finding]:
        """The answers to what the claim is about, and the ledger."""
        seen = self.sighting
        asked = (
            ("Twilio", self.claim.media, seen.media),
            ("S3", self.claim.stored, seen.stored),
            ("Twilio", self.claim.metadata, seen.metadata),
        )
        answers = [
            Finding(f"{where}: {answer.words}", answer.access is meant) for where, meant, answer in asked if meant
        ]
        listed = f"listed to {seen.listed_until:%Y-%m-%d}" if seen.listed_until else "not listed"
        return [*answers, Finding(listed, seen.ledger_is(self.claim.listed))]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row of the article."""

    words: str
    file: Claim
    within: Claim
    after: Claim


_WITHIN = Claim("accessible", listed=True, metadata=Access.ACCESSIBLE)
_AFTER = Claim("not accessible", listed=False, metadata=Access.GONE)

ARTICLE = (
    Scenario(
        "Deleted from Twilio's cloud",
        Claim("not accessible", listed=True, media=Access.GONE, stored=Access.GONE),
        _WITHIN,
        _AFTER,
    ),
    Scenario(
        "Deleted from S3 after External Storage was disabled",
        Claim("not accessible, neither S3 nor Twilio", listed=True, media=Access.GONE, stored=Access.GONE),
        Claim("accessible if it exists", listed=True, metadata=Access.ACCESSIBLE),
        _AFTER,
    ),
    Scenario(
        "New recording after External Storage was disabled",
        Claim("accessible in Twilio", listed=False, media=Access.ACCESSIBLE, stored=Access.GONE),
        _WITHIN,
        Claim("not accessible once deleted and 40 days past", listed=False, metadata=Access.GONE),
    ),
)


@dataclass(frozen=True, slots=True)
class Check:
    """Something beside the table that has to hold as well."""

    words: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The whole outcome: a row of three cells for each scenario, and the checks."""

    rows: tuple[tuple[Cell, ...], ...]
    checks: tuple[Check, ...]

    @property
    def agreeing(self) -> int:
        """How many cells agree."""
        return sum(cell.agrees for row in self.rows for cell in row)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(len(row) for row in self.rows)

    @property
    def exit_code(self) -> int:
        """0 where every cell agrees and every check holds, else 1."""
        return 0 if self.agreeing == self.cells and all(check.holds for check in self.checks) else 1


def compare(sightings: Sequence[tuple[Sighting, Sighting, Sighting]], checks: Sequence[Check]) -> Result:
    """Hold each scenario's three sightings (file, within 40 days, after) against the article.

    Raises ValueError unless there are sightings for every scenario.
    """
    rows = tuple(
        tuple(Cell(claim, seen) for claim, seen in zip((row.file, row.within, row.after), three, strict=True))
        for row, three in zip(ARTICLE, sightings, strict=True)
    )
    return Result(rows, tuple(checks))
