"""A plan as text for people: a line for each change, coloured by what it can do to those who use the bucket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from ..core.bucket_settings import ABSENT, Risk
from ..core.effects import NO_BUCKET, Effect, Kind
from ..core.plan_status import NOTHING

RISK_STYLES = {str(Risk.SAFE): "green", str(Risk.DISRUPTIVE): "yellow", str(Risk.DESTRUCTIVE): "red"}

CREATE, CHANGE, REMOVE, LEFT_OUT = "+", "~", "-", "!"

_SYMBOLS = {Kind.CREATE_BUCKET: CREATE, Kind.REGISTER_WRITER_KEY: CREATE, Kind.REMOVE_WRITER_KEY: REMOVE}


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

    def text(self) -> Text:
        """One line for each, in columns. Nothing is cut off or wrapped, so that it can be searched and copied."""
        paths = max((len(one.path) for one in self.lines), default=0)
        kinds = max((len(one.kind) for one in self.lines), default=0)
        rows = [
            Text.assemble(
                (f"  {one.symbol} {one.path:<{paths}}  {one.kind:<{kinds}}", RISK_STYLES.get(one.kind, "yellow")),
                f"  {one.detail}",
            )
            for one in self.lines
        ]
        block = [Text(), *rows, Text()] if rows else []
        return Text("\n").join([Text(self.title, "bold"), *block, Text(self.ending)])


def planned(effects: Iterable[Effect]) -> tuple[Line, ...]:
    """The changes of a plan made here: settings with what they are and shall be."""
    return tuple(Line(_symbol(one), one.path, str(one.risk), _detail(one)) for one in effects)


def different(differences: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What is not as wanted, and is not changed by this plan. Takes items of `status.drift`."""
    return tuple(Line(CHANGE, one["path"], "Drift", f"{one['have']}, wanted {one['want']}") for one in differences)


def left_out(skipped: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """What is wanted, and cannot be looked at or had. Takes items of `status.plan.skipped`."""
    return tuple(Line(LEFT_OUT, one["path"], one["reason"], one["message"]) for one in skipped)


def stored(obj: Mapping[str, Any]) -> Page:
    """The plan in the status of a resource."""
    status, metadata = obj.get("status") or {}, obj["metadata"]
    plan = status.get("plan", {})
    actions = tuple(
        Line(_SYMBOLS.get(one["type"], CHANGE), one["target"], one["class"], one["summary"])
        for one in plan.get("actions", ())
    )
    ending = plan.get("summary") or NOTHING
    return Page(
        title=f"{metadata['namespace']}/{metadata['name']}",
        lines=actions + different(status.get("drift", ())) + left_out(plan.get("skipped", ())),
        ending=f"Plan {plan['id']}, {plan['state']}: {ending}" if "id" in plan else ending,
    )


def _symbol(effect: Effect) -> str:
    if effect.kind is not Kind.CHANGE_SETTING:
        return _SYMBOLS.get(effect.kind, CHANGE)
    if effect.want == ABSENT:
        return REMOVE
    return CREATE if effect.have in (ABSENT, NO_BUCKET) else CHANGE


def _detail(effect: Effect) -> str:
    return f"{effect.have} -> {effect.want}" if effect.kind is Kind.CHANGE_SETTING else effect.summary
