"""Transcriptions of recordings: resources of their own that outlive what they transcribe."""

from dataclasses import dataclass


@dataclass(slots=True)
class Transcription:
    """A finished transcription."""

    sid: str
    account_sid: str
    recording_sid: str
    created: int
    duration: int
    text: str
