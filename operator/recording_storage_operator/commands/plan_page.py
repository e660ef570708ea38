"""A plan as text for people: a line for each change, coloured by what it can do to those who use the bucket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from ..core.bucket_settings import ABSENT, Risk
from ..core.desired import DriftPolicy, Management
from ..core.effects import NO_BUCKET, Effect, Kind
from ..core.plan_status import MAX_ACTIONS, NOTHING
from .conditions import status_of
from .wrapping import wrapped

RISK_STYLES = {str(Risk.SAFE): "green", str(Risk.DISRUPTIVE): "yellow", str(Risk.DESTRUCTIVE): "red"}

CREATE, CHANGE, REMOVE, LEFT_OUT = "+", "~", "-", "!"

TO_BE_MADE = "the bucket has to be made first"
"""Why drift that is to be put back has to wait."""

_SYMBOLS: Mapping[str, str] = {
    Kind.CREATE_BUCKET: CREATE,
    Kind.REGISTER_WRITER_KEY: CREATE,
    Kind.REMOVE_WRITER_KEY: REMOVE,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A change, a difference or something left out. `kind` is a class of changes, or a word in its place."""

    symbol: str
    path: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to show of the plan of one resource. `ending` is the sentence under it."""

    title: str
    lines: tuple[Line, ...]
    ending: str

    def text(self, width: int | None) -> Text:
        """One line for each, in columns. `width` None: none is broken, so that it can be searched and copied."""
        paths = max((len(one.path) for one in self.lines), default=0)
        kinds = max((len(one.kind) for one in self.lines), default=0)
        rows = [row for one in self.lines for row in _rows(one, paths, kinds, width)]
        block = [Text(), *rows, Text()] if rows else []
        ending = wrapped(self.ending, width, 2) if width else [self.ending]
        return Text("\n").join([Text(self.title, "bold"), *block, *map(Text, ending)])


def _rows(line: Line, paths: int, kinds: int, width: int | None) -> list[Text]:
    """A line, broken under its last column where that has half of the width, else under its path."""
    head = f"  {line.symbol} {line.path:<{paths}}  {line.kind:<{kinds}}"
    whole = f"{head}  {line.detail}"
    indent = len(head) + 2
    first, *rest = wrapped(whole, width, indent if 2 * indent <= width else 6) if width else [whole]
    styled = Text.assemble((first[: len(head)], RISK_STYLES.get(line.kind, "yellow")), first[len(head) :])
    return [styled, *map(Text, rest)]


def planned(effects: Iterable[Effect]) -> tuple[Line, ...]:
    """The changes of a plan made here: settings with what they are and shall be."""
    return tuple(_change(one.path, str(one.kind), str(one.risk), one.summary, one.have, one.want) for one in effects)


def different(differences: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What is not as wanted, and is not changed by this plan. Takes items of `status.drift`."""
    return tuple(Line(CHANGE, one["path"], "Drift", f"{one['have']}, wanted {one['want']}") for one in differences)


def left_out(skipped: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What is wanted, and cannot be looked at or had. Takes items of `status.plan.skipped`."""
    return tuple(Line(LEFT_OUT, one["path"], one["reason"], one["message"]) for one in skipped)


def stored(obj: Mapping[str, Any]) -> Page:
    """The plan in the status of a resource."""
    plan, metadata = status_of(obj).get("plan", {}), obj["metadata"]
    actions = tuple(
        _change(one["target"], one["type"], one["class"], one["summary"], one["have"], one["want"])
        for one in plan.get("actions", ())
    )
    told = ending(obj)
    return Page(
        title=f"{metadata['namespace']}/{metadata['name']}",
        lines=actions + different(left_so(obj)) + left_out(plan.get("skipped", ())),
        ending=f"Plan {plan['id']}, {plan['state']}: {told}" if "id" in plan else told,
    )


def left_so(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The items of `status.drift` that the plan does not put back. A long plan is listed in part: then they all are."""
    status = status_of(obj)
    actions = status.get("plan", {}).get("actions", ())
    if len(actions) == MAX_ACTIONS and _why_left(obj) == TO_BE_MADE:
        return []
    changed = {one["target"] for one in actions}
    return [one for one in status.get("drift", ()) if one["path"] not in changed]


def ending(obj: Mapping[str, Any]) -> str:
    """The sentence of the plan in a status, and what becomes of drift that is no part of it."""
    plan, drift = status_of(obj).get("plan", {}), left_so(obj)
    summary = str(plan.get("summary") or NOTHING)
    if not drift or "state" not in plan:
        return summary
    told = left_sentence(len(drift), _why_left(obj))
    return f"{summary} {told}" if "id" in plan else told


def left_sentence(count: int, why: str) -> str:
    """So many settings are not as wanted, and not changed by the plan."""
    return f"{count} setting{'s are' if count != 1 else ' is'} not as wanted, and left so because {why}."


def why_left(management: str, drift_policy: str) -> str:
    """Why drift is no change of a plan."""
    if management == Management.OBSERVE:
        return "spec.s3.management is Observe"
    return "spec.driftPolicy is Report" if drift_policy == DriftPolicy.REPORT else TO_BE_MADE


def _why_left(obj: Mapping[str, Any]) -> str:
    spec = obj["spec"]
    return why_left((spec.get("s3") or {}).get("management", ""), spec.get("driftPolicy", ""))


def _change(path: str, kind: str, risk: str, summary: str, have: str, want: str) -> Line:
    """A setting is told by its values, all else by its sentence."""
    if kind != Kind.CHANGE_SETTING:
        return Line(_SYMBOLS.get(kind, CHANGE), path, risk, summary)
    return Line(_symbol(have, want), path, risk, f"{have} -> {want}")


def _symbol(have: str, want: str) -> str:
    if want == ABSENT:
        return REMOVE
    return CREATE if have in (ABSENT, NO_BUCKET) else CHANGE
