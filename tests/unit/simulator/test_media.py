"""The audio: made from the SID, in the format and with the channels that are asked for."""

import io
import wave

import httpx
import pytest

from .conftest import Api


def audio(api: Api, sid: str, ext: str = ".wav", **params: str) -> httpx.Response:
    return api.http.get(api.url(sid, ext), params=params)


@pytest.mark.parametrize("ext", ["", ".wav"])
def test_audio_is_pcm_of_the_recordings_length_and_channels(api: Api, ext: str) -> None:
    (sid,) = api.record(duration=3, channels=2)
    answer = audio(api, sid, ext)

    assert answer.headers["Content-Type"] == "audio/x-wav"
    assert len(answer.content) == 44 + 3 * 16_000 * 2
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.getnframes() == 3 * 8000


def test_audio_is_always_the_same_and_differs_between_recordings(api: Api) -> None:
    one, two = api.record(2, duration=1)
    assert audio(api, one).content == audio(api, one).content
    assert audio(api, one).content != audio(api, two).content


def test_mp3_is_smaller_and_says_so(api: Api) -> None:
    (sid,) = api.record(duration=10)
    answer = audio(api, sid, ".mp3")
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.content[:2] == b"\xff\xe3"
    assert abs(len(answer.content) - 40_000) < 300


def test_channels_can_be_chosen_where_there_are_two(api: Api) -> None:
    (mono,), (dual,) = api.record(duration=1), api.record(duration=1, channels=2)
    assert len(audio(api, dual, RequestedChannels="1").content) == 44 + 16_000
    assert len(audio(api, dual, RequestedChannels="2").content) == 44 + 32_000
    assert audio(api, mono, RequestedChannels="1").status_code == 200
    refused = audio(api, mono, RequestedChannels="2")
    assert refused.status_code == 400
    assert "<Code>16113</Code>" in refused.text
    assert audio(api, dual, RequestedChannels="3").status_code == 400


def test_conference_recordings_are_mono_unless_asked(api: Api) -> None:
    (sid,) = api.record(duration=1, channels=2, conference_sid="CF" + "1" * 32)
    assert len(audio(api, sid).content) == 44 + 16_000
    assert len(audio(api, sid, RequestedChannels="2").content) == 44 + 32_000


def test_encrypted_audio_is_ciphertext_and_has_no_mp3(api: Api) -> None:
    (sid,) = api.record(duration=2, encrypted=True)
    answer = audio(api, sid)
    assert len(answer.content) == 44 + 32_000
    assert answer.content[:4] != b"RIFF"
    refused = audio(api, sid, ".mp3")
    assert (refused.status_code, "<Code>16109</Code>" in refused.text) == (400, True)


@pytest.mark.parametrize("status", ["in-progress", "processing", "absent", "deleted"])
def test_only_completed_recordings_have_audio(api: Api, status: str) -> None:
    (sid,) = api.record(status=status)
    assert audio(api, sid, IncludeSoftDeleted="true").status_code == 404


def test_an_external_recording_has_no_audio_here(api: Api) -> None:
    api.control.external_storage(api.sid, True, "https://bucket.s3.us-east-1.amazonaws.com")
    (sid,) = api.record()
    assert audio(api, sid).status_code == 404


def test_an_unknown_format_is_not_found(api: Api) -> None:
    (sid,) = api.record()
    assert audio(api, sid, ".ogg").status_code == 404


def test_head_tells_the_size(api: Api) -> None:
    (sid,) = api.record(duration=1)
    answer = api.http.head(api.url(sid, ".wav"))
    assert (answer.headers["Content-Length"], answer.content) == ("16044", b"")


@pytest.mark.parametrize(("option", "status", "size"), [(False, 200, 16_044), (True, 206, 100)])
def test_range_is_an_option(api: Api, option: bool, status: int, size: int) -> None:
    api.control.options(media_range=option)
    (sid,) = api.record(duration=1)
    whole = audio(api, sid).content
    part = api.http.get(api.url(sid, ".wav"), headers={"Range": "bytes=44-143"})
    assert (part.status_code, len(part.content)) == (status, size)
    if option:
        assert part.content == whole[44:144]
        assert part.headers["Content-Range"] == "bytes 44-143/16044"
        open_end = api.http.get(api.url(sid, ".wav"), headers={"Range": "bytes=16000-"})
        assert open_end.content == whole[16000:]
        assert api.http.get(api.url(sid, ".wav"), headers={"Range": "bytes=99999-"}).status_code == 416
        assert api.http.get(api.url(sid, ".wav"), headers={"Range": "bytes=-5"}).status_code == 200


@pytest.mark.parametrize("option", [False, True])
def test_etag_is_an_option(api: Api, option: bool) -> None:
    api.control.options(media_etag=option)
    (sid,) = api.record(duration=1)
    assert ("ETag" in audio(api, sid).headers) is option


def test_a_redirect_leads_to_another_host_that_wants_no_credentials(api: Api) -> None:
    api.control.options(media_redirect="302")
    (sid,) = api.record(duration=1)
    answer = audio(api, sid)
    location = answer.headers["Location"]

    assert answer.status_code == 302
    assert httpx.URL(location).host == "localhost"
    with httpx.Client(timeout=20, verify=False) as stranger:
        assert len(stranger.get(location).content) == 16_044
    assert not [row for row in api.control.invariants() if sid in row["subject"]]


def test_credentials_that_follow_a_redirect_break_an_invariant(api: Api) -> None:
    api.control.options(media_redirect="307")
    (sid,) = api.record(duration=1)
    api.http.get(audio(api, sid).headers["Location"])
    assert [row["name"] for row in api.control.invariants() if sid in row["subject"]] == ["credentials_sent_off_host"]


def test_fetching_audio_is_an_event(api: Api) -> None:
    (sid,) = api.record(duration=1)
    audio(api, sid)
    (event,) = api.events(EventType="recording.accessed")
    assert (event["resource_sid"], event["actor_sid"], event["source"]) == (sid, api.sid, "api")
