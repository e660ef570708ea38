"""Everything that the simulator knows, in one place."""

from dataclasses import dataclass, field

from .accounts import Accounts
from .clock import VirtualClock
from .credentials import AwsCredential
from .external_storage import ExternalStorage
from .faults import Faults
from .feed import Alert, Event, Feed
from .journal import Journal
from .options import Options
from .recordings import Recordings
from .sids import Sids
from .transcriptions import Transcription


@dataclass(slots=True)
class World:
    """The state of one simulator. Only the event loop's thread changes it."""

    clock: VirtualClock
    sids: Sids
    accounts: Accounts
    options: Options = field(default_factory=Options)
    recordings: Recordings = field(default_factory=Recordings)
    transcriptions: dict[str, Transcription] = field(default_factory=dict)
    events: Feed[Event] = field(default_factory=Feed)
    alerts: Feed[Alert] = field(default_factory=Feed)
    aws_credentials: dict[str, AwsCredential] = field(default_factory=dict)
    storage: ExternalStorage = field(default_factory=ExternalStorage)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)


def new_world(start: float, rate: float = 0.0, seed: str = "0") -> World:
    """An empty world at `start` seconds since the epoch."""
    sids = Sids(seed)
    return World(VirtualClock(start, rate), sids, Accounts(sids))
