"""Resources as Twilio writes them, field by field and in its order."""

from typing import Any

from .accounts import Account
from .credentials import AwsCredential
from .dates import iso, rfc2822
from .feed import Alert, Event
from .options import Options
from .recordings import Recording
from .sids import digest
from .transcriptions import Transcription

API_VERSION = "2010-04-01"
PRICE_PER_MINUTE = 0.0025
_FINISHED = frozenset({"completed", "deleted"})


def recording_path(account_sid: str, sid: str) -> str:
    """A recording's path without an extension."""
    return f"/2010-04-01/Accounts/{account_sid}/Recordings/{sid}"


def recording(row: Recording, options: Options, origin: str, status: str | None = None) -> dict[str, Any]:
    """The 19 fields of the account-level resource; `status` overrides the real one."""
    path = recording_path(row.account_sid, row.sid)
    return {
        "account_sid": row.account_sid,
        "api_version": API_VERSION,
        "call_sid": row.call_sid,
        "conference_sid": row.conference_sid,
        "date_created": rfc2822(row.created, options.date_offset),
        "date_updated": rfc2822(row.updated, options.date_offset),
        "start_time": rfc2822(row.created, options.date_offset),
        "duration": _duration(row),
        "sid": row.sid,
        "price": _price(row),
        "price_unit": "USD",
        "status": status or row.status,
        "channels": row.channels,
        "source": row.source,
        "error_code": row.error_code if row.status == "absent" else None,
        "uri": f"{path}.json",
        "encryption_details": _encryption(row) if row.encrypted else None,
        "subresource_uris": {
            "add_on_results": f"{path}/AddOnResults.json",
            "transcriptions": f"{path}/Transcriptions.json",
        },
        "media_url": row.external.url if row.external else f"{_media_root(options, origin)}{path}",
    }


def nested_recording(row: Recording, options: Options, parent: str) -> dict[str, Any]:
    """The resource below a call or a conference: no media_url and no subresources, and calls say which track."""
    whole = recording(row, options, "")
    for name in ("media_url", "subresource_uris"):
        del whole[name]
    whole["uri"] = f"/2010-04-01/Accounts/{row.account_sid}/{parent}/Recordings/{row.sid}.json"
    if parent.startswith("Calls/"):
        whole["track"] = row.track
    return whole


def _media_root(options: Options, origin: str) -> str:
    if options.media_url_host == "request":
        return origin
    return f"{options.media_url_scheme}://api.twilio.com"


def _duration(row: Recording) -> str | None:
    return str(row.duration) if row.status in _FINISHED else None


def _price(row: Recording) -> str | None:
    if row.status not in _FINISHED:
        return None
    return f"-{-(-row.duration // 60) * PRICE_PER_MINUTE:.5f}"


def _encryption(row: Recording) -> dict[str, str]:
    return {
        "encryption_public_key_sid": "CR" + digest(f"key:{row.account_sid}"),
        "encryption_cek": digest(f"cek:{row.sid}") * 4,
        "encryption_iv": digest(f"iv:{row.sid}")[:16],
    }


def account(row: Account, status: str) -> dict[str, Any]:
    """An account, its token included, as v2010 shows it."""
    path = f"/2010-04-01/Accounts/{row.sid}"
    return {
        "sid": row.sid,
        "owner_account_sid": row.owner_sid,
        "friendly_name": row.friendly_name,
        "status": status,
        "type": "Full",
        "auth_token": row.auth_token,
        "date_created": rfc2822(row.created),
        "date_updated": rfc2822(row.updated),
        "uri": f"{path}.json",
        "subresource_uris": {"recordings": f"{path}/Recordings.json", "calls": f"{path}/Calls.json"},
    }


def event(row: Event, origin: str) -> dict[str, Any]:
    """A Monitor event."""
    links: dict[str, str] = {}
    if row.actor.sid:
        links["actor"] = f"{origin}/2010-04-01/Accounts/{row.account_sid}.json"
    if row.resource_sid and row.resource_sid.startswith("RE"):
        links["resource"] = f"{origin}{recording_path(row.account_sid, row.resource_sid)}.json"
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "actor_sid": row.actor.sid,
        "actor_type": row.actor.type,
        "description": None,
        "event_type": row.type,
        "resource_type": row.type.partition(".")[0],
        "resource_sid": row.resource_sid,
        "event_date": iso(row.at),
        "source": row.actor.source,
        "source_ip_address": row.actor.ip,
        "event_data": row.data,
        "url": f"{origin}/v1/Events/{row.sid}",
        "links": links,
    }


def alert(row: Alert, origin: str) -> dict[str, Any]:
    """A debugger alert as the list shows it."""
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "alert_text": row.text,
        "api_version": API_VERSION,
        "date_created": iso(row.at),
        "date_generated": iso(row.at),
        "date_updated": iso(row.at),
        "error_code": str(row.error_code),
        "log_level": row.level,
        "more_info": f"https://www.twilio.com/docs/errors/{row.error_code}",
        "request_method": "POST",
        "request_url": f"{origin}{recording_path(row.account_sid, row.resource_sid)}.json" if row.resource_sid else "",
        "resource_sid": row.resource_sid,
        "service_sid": None,
        "url": f"{origin}/v1/Alerts/{row.sid}",
    }


def alert_in_full(row: Alert, origin: str) -> dict[str, Any]:
    """A single alert: these four are shown only here."""
    extra = ("request_headers", "request_variables", "response_body", "response_headers")
    return alert(row, origin) | dict.fromkeys(extra, "")


def aws_credential(row: AwsCredential, origin: str) -> dict[str, Any]:
    """An AWS credential, without the credential."""
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "friendly_name": row.friendly_name,
        "date_created": iso(row.created),
        "date_updated": iso(row.updated),
        "url": f"{origin}/v1/Credentials/AWS/{row.sid}",
    }


def transcription(row: Transcription) -> dict[str, Any]:
    """A transcription."""
    path = f"/2010-04-01/Accounts/{row.account_sid}"
    return {
        "account_sid": row.account_sid,
        "api_version": API_VERSION,
        "date_created": rfc2822(row.created),
        "date_updated": rfc2822(row.created),
        "duration": str(row.duration),
        "price": "-0.05000",
        "price_unit": "USD",
        "recording_sid": row.recording_sid,
        "sid": row.sid,
        "status": "completed",
        "transcription_text": row.text,
        "type": "fast",
        "uri": f"{path}/Transcriptions/{row.sid}.json",
    }
