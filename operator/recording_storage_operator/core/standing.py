"""What a monitoring system is told of one resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .sweeps import Sweep


@dataclass(frozen=True, slots=True)
class Standing:
    """How a resource stood after its last pass.

    `conditions` says by type whether it is True. `deleted` counts the ledger, None before it was read. `swept_at` is
    when the last sweep finished, None before the first of this process: the status does not tell it while nothing
    changes, because that would be a write each time.
    """

    conditions: Mapping[str, bool]
    deleted: int | None
    swept_at: datetime | None

    @staticmethod
    def of(status: Mapping[str, Any], sweep: Sweep | None) -> "Standing":
        """Of a status as it is written, and the last finished sweep."""
        return Standing(
            conditions={one["type"]: one["status"] == "True" for one in status.get("conditions", ())},
            deleted=status.get("deletedRecordingsSummary", {}).get("total"),
            swept_at=sweep.finished_at if sweep else None,
        )
