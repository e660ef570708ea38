"""The steps of the demo, from an empty cluster to the sightings that the table is made of."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import yaml
from rich.syntax import Syntax

from .stage import Stage
from .tables import ledger_table, sightings_table
from .verdict import METADATA_KEPT, Access, Check, Result, Sighting, compare
from .witness import look

SWEPT = timedelta(minutes=17)
"""More than the sample's sweepInterval with its jitter of a tenth at most: the operator has swept by itself."""

SECONDS = 20
"""Length of a recorded call."""

A_SECOND, A_DAY = timedelta(seconds=1), timedelta(days=1)

CONSOLE_MESSAGE = 'jsonpath={.status.conditions[?(@.type=="ConsoleActionRequired")].message}'
SLICE_COLUMNS = "custom-columns=NAME:.metadata.name,EXPIRES:.day,ENTRIES:.count,TWILIO:.fromTwilio,S3:.fromS3"
USER_AGENT = "recording-storage-operator/"


class Story:
    """One run on a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._show = stage.show
        self._cluster = stage.cluster
        self._names: dict[str, str] = {}
        self._deleted: dict[str, datetime] = {}
        self._ledger_right: list[bool] = []

    def run(self) -> Result:
        """All steps. Raises whatever goes wrong in one."""
        self._declare()
        first = self._calls_before_the_switch()
        second = self._external_storage_delivers()
        third = self._back_to_twilio()
        files = self._delete_two(first, second, third)
        within, after = self._forty_days(first, second)
        lives = self._outlives_them(third)
        within_third, after_third = self._forty_days(third)
        rows = zip(files, [*within, *within_third], [*after, *after_third], strict=True)
        return compare(list(rows), [lives, *self._closing_checks()])

    def _declare(self) -> None:
        self._show.begin(
            "Declare where recordings shall live",
            "The sample of manifests/samples, with an account and the S3 server of this machine filled in.",
        )
        tenant = self._cluster.sample
        spec = yaml.safe_dump({"spec": tenant.storage["spec"]}, sort_keys=False).rstrip()
        self._show.say(Syntax(spec, "yaml", theme="ansi_dark", background_color="default"))
        folder = self._stage.workdir / tenant.name
        tenant.write(folder)
        self._cluster.kubectl("apply", "-f", str(folder))
        self._cluster.wait("condition=LedgerComplete")
        self._require(
            self._stage.bucket.versioning() == "Enabled",
            f"The operator made bucket {self._stage.bucket.name}; S3 says that its versioning is on.",
        )

    def _calls_before_the_switch(self) -> str:
        self._show.begin(
            "Calls are recorded, and stay at Twilio",
            "Nobody has touched External Storage yet. The operator sees where new recordings land.",
        )
        sids = self._record("A", 2)
        self._pass_to(self._now + SWEPT, "17 minutes later")
        self._cluster.wait("jsonpath={.status.backend.observed}=Twilio")
        self._get()
        self._look(sids)
        return sids[0]

    def _external_storage_delivers(self) -> str:
        self._show.begin(
            "Do what only a person can do: the switch in Twilio's Console",
            "External Storage has no API. The operator tells the values, and sees in new recordings that it worked.",
        )
        message = self._console_message()
        url = re.search(r"https://[^\s,]+", message)
        if url is None:
            raise RuntimeError("ConsoleActionRequired names no bucket URL")
        self._stage.switch_external_storage(True, url[0])
        self._show.mark(True, "In the (simulated) Console, External Storage is enabled with that URL.")
        sids = self._record("B", 3)
        self._until_ready()
        self._look(sids)
        return sids[0]

    def _back_to_twilio(self) -> str:
        self._show.begin(
            "Change of mind: new recordings shall stay at Twilio",
            "The bucket stays in the spec, so that deletions in it are noticed. Nothing is moved or deleted.",
        )
        patch = '{"spec":{"backend":"Twilio"}}'
        self._cluster.kubectl("patch", "recst", self._cluster.sample.name, "--type=merge", "-p", patch)
        self._cluster.wait("condition=ConsoleActionRequired")
        self._console_message()
        self._stage.switch_external_storage(False)
        self._show.mark(True, "In the (simulated) Console, External Storage is disabled.")
        sids = self._record("C", 2)
        self._until_ready()
        self._look(sids)
        return sids[0]

    def _delete_two(self, first: str, second: str, third: str) -> list[Sighting]:
        self._show.begin(
            "Delete one recording at Twilio and one in S3",
            "Past the operator, as an application or a person would. Before that, each file is in one place:",
        )
        self._look([first, second, third])
        self._show.out.print()
        self._delete_at_twilio(first)
        self._delete_in_s3(second)
        self._pass_to(self._now + SWEPT, "17 minutes later")
        self._cluster.wait("jsonpath={.status.deletedRecordingsSummary.total}=2")
        self._get()
        self._cluster.kubectl("get", "recdel", "-o", SLICE_COLUMNS)
        self._show.say("\nstatus.deletedRecordings has the newest entries of these slices:\n")
        self._show.say(ledger_table(self._cluster.ledger(), self._names))
        self._show.say("\nAnd what Twilio and S3 answer now:")
        return self._look([first, second, third])

    def _forty_days(self, *sids: str) -> tuple[list[Sighting], list[Sighting]]:
        """What is told of recordings deleted at the same time one second before, and one day after, 40 days."""
        names = " and ".join(self._names[sid].split()[0] for sid in sids)
        self._show.begin(
            f"Forty days after the deletion of {names}",
            "Now Twilio purges the metadata. The operator lists a deletion until then, and up to 30 s longer.",
        )
        purge = self._deleted[sids[0]] + METADATA_KEPT
        self._pass_to(purge - A_SECOND, "One second before")
        within = self._swept_look(sids)
        self._pass_to(purge + A_DAY, "A day later")
        after = self._swept_look(sids)
        self._get()
        return within, after

    def _outlives_them(self, sid: str) -> Check:
        """It is older than 40 days and was not deleted. Deletes it then."""
        self._show.begin(
            "The new recording, 41 days old",
            "Nobody has deleted it, so nothing has started its 40 days. That happens now.",
        )
        (seen,) = self._look([sid])
        whole = seen.media.access is seen.metadata.access is Access.ACCESSIBLE
        self._show.out.print()
        self._delete_at_twilio(sid)
        self._pass_to(self._now + SWEPT, "17 minutes later")
        self._cluster.wait("jsonpath={.status.deletedRecordingsSummary.total}=1")
        self._get()
        return Check("The new recording was whole when it was 41 days old: only a deletion starts the 40 days.", whole)

    def _closing_checks(self) -> list[Check]:
        console = self._stage.console
        asked = [one for one in console.requests() if one["user_agent"].startswith(USER_AGENT)]
        reading = bool(asked) and all(one["method"] == "GET" for one in asked)
        right = all(self._ledger_right)
        return [
            Check(f"The operator listed exactly what was deleted at all {len(self._ledger_right)} looks.", right),
            Check(f"The operator sent Twilio {len(asked)} requests, none of which could change anything.", reading),
            Check("The simulator saw none of its invariants broken.", not console.invariants()),
        ]

    @property
    def _now(self) -> datetime:
        return self._stage.console.now()

    def _record(self, letter: str, count: int) -> list[str]:
        recordings = self._stage.console.record(self._stage.account.account_sid, count, duration=SECONDS)
        sids = [recording["sid"] for recording in recordings]
        for number, sid in enumerate(sids, 1):
            self._names[sid] = f"{letter}{number} {sid[:8]}.."
        self._show.mark(True, f"{count} calls of {SECONDS} seconds are recorded.")
        return sids

    def _delete_at_twilio(self, sid: str) -> None:
        answer = self._stage.twilio.delete(sid)
        self._deleted[sid] = self._now.replace(microsecond=0)  # Twilio counts in whole seconds
        self._show.mark(True, f"Twilio: DELETE /Recordings/{sid}.json: {answer}")

    def _delete_in_s3(self, sid: str) -> None:
        answer = self._stage.bucket.delete(sid)
        self._deleted[sid] = self._now.replace(microsecond=0)  # Twilio counts in whole seconds
        self._show.mark(True, f"S3: DELETE ../{sid}: {answer}")

    def _pass_to(self, moment: datetime, words: str) -> None:
        self._show.out.print()
        self._stage.pass_time(moment, words)

    def _until_ready(self) -> None:
        """Let the operator sweep by itself, and see that nobody is asked to act any more."""
        self._pass_to(self._now + SWEPT, "17 minutes later")
        self._cluster.wait("condition=Ready")
        self._get()
        left = self._cluster.ask("get", "recst", self._cluster.sample.name, "-o", CONSOLE_MESSAGE)
        self._require(not left, "ConsoleActionRequired has gone away by itself.")

    def _console_message(self) -> str:
        return self._cluster.kubectl("get", "recst", self._cluster.sample.name, "-o", CONSOLE_MESSAGE, framed=True)

    def _get(self) -> None:
        self._cluster.kubectl("get", "recst", "-o", "wide")

    def _swept_look(self, sids: Sequence[str]) -> list[Sighting]:
        self._cluster.sweep()
        return self._look(sids)

    def _look(self, sids: Sequence[str]) -> list[Sighting]:
        """Ask Twilio, S3 and the status about recordings now, and note whether the status lists the right ones."""
        ledger = self._cluster.ledger()
        now = self._now
        self._ledger_right.append(
            set(ledger) == {sid for sid, deleted in self._deleted.items() if now < deleted + METADATA_KEPT}
        )
        stage = self._stage
        seen = [look(sid, stage.twilio, stage.bucket, ledger, self._deleted.get(sid)) for sid in sids]
        self._show.out.print()
        self._show.say(sightings_table(dict(zip(map(self._names.__getitem__, sids), seen, strict=True))))
        return seen

    def _require(self, holds: bool, words: str) -> None:
        """Show a fact that the rest of the story rests on. Raises RuntimeError where it is none."""
        self._show.mark(holds, words)
        if not holds:
            raise RuntimeError(f"this does not hold: {words}")
