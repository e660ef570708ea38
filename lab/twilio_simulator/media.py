"""Audio made from a recording's SID: the same bytes every time, and never more than a second of it in memory."""

import hashlib
import math
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .recordings import Recording

SAMPLE_RATE = 8000
WAV_BYTES_PER_SECOND = SAMPLE_RATE * 2
MP3_BYTES_PER_SECOND = 4000
_MP3_FRAME = 288
"""Bytes of an MPEG-2.5 layer III frame at 32 kbit/s and 8 kHz."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A file: a header and a block repeated until `length` bytes are out."""

    content_type: str
    header: bytes
    block: bytes
    length: int

    def chunks(self) -> Iterator[bytes]:
        """The content, block by block."""
        yield self.header
        left = self.length - len(self.header)
        while left > 0:
            yield self.block[:left]
            left -= len(self.block)


def wav(recording: Recording, channels: int | None = None) -> Audio:
    """RIFF, 8 kHz, 16-bit PCM. An encrypted recording is ciphertext of the same length, without a header to read."""
    wanted = channels or recording.channels
    size = recording.duration * WAV_BYTES_PER_SECOND * wanted
    if recording.encrypted:
        return Audio("audio/x-wav", b"", _ciphertext(recording.sid), size + 44)
    return Audio("audio/x-wav", _riff_header(size, wanted), _second_of(recording.sid, wanted), size + 44)


def mp3(recording: Recording) -> Audio:
    """Silent frames that carry the SID as ancillary data."""
    frame = (b"\xff\xe3\x48\xc0" + bytes(_MP3_FRAME - 4 - 34)) + recording.sid.encode()
    frames = recording.duration * MP3_BYTES_PER_SECOND // _MP3_FRAME + 1
    return Audio("audio/mpeg", b"", frame * 14, frames * _MP3_FRAME)


def _riff_header(size: int, channels: int) -> bytes:
    layout = (1, channels, SAMPLE_RATE, WAV_BYTES_PER_SECOND * channels, 2 * channels, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, *layout, b"data", size)


@lru_cache(maxsize=256)
def _second_of(sid: str, channels: int) -> bytes:
    """One second of a tone per channel; whole frequencies, so seconds join without a click."""
    tones = [200 + int(sid[2 + 4 * channel : 6 + 4 * channel], 16) % 1000 for channel in range(channels)]
    steps = [2 * math.pi * tone / SAMPLE_RATE for tone in tones]
    samples = array("h", (int(12_000 * math.sin(step * n)) for n in range(SAMPLE_RATE) for step in steps))
    return samples.tobytes()


@lru_cache(maxsize=256)
def _ciphertext(sid: str) -> bytes:
    return b"".join(hashlib.sha256(f"{sid}:{n}".encode()).digest() for n in range(512))
