"""What Twilio leaves open. Every option's default is the documented behaviour, or the likeliest where there is none."""

from typing import Annotated, Any, Literal

import msgspec

NonNegative = Annotated[float, msgspec.Meta(ge=0)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
ZoneOffset = Annotated[str, msgspec.Meta(pattern=r"^[+-]\d{4}$")]
TimeWindow = Annotated[str, msgspec.Meta(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")]


class Options(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`GET /_sim/options` shows these, `PUT /_sim/options` changes those that it names."""

    date_updated_on_delete: Literal["stay", "move"] = "stay"
    """Whether a deletion moves `date_updated`. Undocumented; in the published example it has not moved."""
    delete_not_completed_status: Annotated[int, msgspec.Meta(ge=400, le=499)] = 400
    """HTTP status for deleting a recording that is not completed. Undocumented."""
    delete_not_completed_code: int = 20009
    """Error code for deleting a recording that is not completed. Undocumented; 20009 is what calls and messages use."""
    repeat_delete: Literal["404", "204"] = "404"
    """What deleting a deleted recording answers. Undocumented; a deleted recording is invisible by default, so 404."""
    transcriptions_on_delete: Literal["keep", "cascade"] = "keep"
    """Whether deleting a recording takes its transcriptions along. Undocumented."""
    metadata_after_s3_deletion: Literal["purge_after_40_days", "keep_until_deleted"] = "purge_after_40_days"
    """What becomes of the metadata of an external recording whose object is gone. Twilio's own pages differ."""
    processing_seconds: NonNegative = 10.0
    """How long a recording is `processing` before it is `completed` or, without any length, `absent`."""

    retry_after_seconds: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """The Retry-After header of a 429. Undocumented for v2010, so there is none."""
    concurrency_limit: Annotated[int, msgspec.Meta(ge=1)] = 100
    """Requests of one account in flight before 429. Not published; 100 is what integrators report."""
    page_size_over_max: Literal["reject", "clamp"] = "reject"
    """A PageSize above 1000 is error 20007, or quietly 1000."""
    token_fails_when_anchor_purged: bool = False
    """Whether a PageToken dies (21481) with the record it names. Undocumented."""
    date_filter: Literal["day", "second"] = "day"
    """The granularity of DateCreated filters. Documented as dates."""
    date_before_includes_day: bool = True
    """Whether `DateCreated<` includes its own day. Documented as less than or equal; the wording is ambiguous."""
    date_offset: ZoneOffset = "+0000"
    """The zone offset of RFC 2822 dates. Documented as GMT; published examples carry +0100."""
    foreign_account: Literal["404", "401"] = "404"
    """The answer about an account that the credentials do not cover."""
    standard_key_on_accounts: Literal["deny", "allow"] = "deny"
    """Whether a Standard API key may read /Accounts. Documented: it may not."""

    media_url_scheme: Literal["https", "http"] = "https"
    """The scheme of a Twilio-hosted `media_url`. Plain http is refused since 2024 but still in published examples."""
    media_url_host: Literal["twilio", "request"] = "twilio"
    """The host of a Twilio-hosted `media_url`: api.twilio.com, or the one that was asked."""
    media_redirect: Literal["none", "302", "307"] = "none"
    """Whether media is served through a redirect to another host (the name localhost on the same port)."""
    media_range: bool = False
    """Whether media GET honours Range. Undocumented."""
    media_etag: bool = False
    """Whether media GET sends an ETag. Undocumented."""

    external_url_style: Literal["as_configured", "virtual_host", "virtual_host_dash", "path"] = "as_configured"
    """The form of an external `media_url`. All of them are seen in the wild."""
    bucket_url_slash: Literal["dropped", "kept"] = "dropped"
    """What becomes of a slash at the end of a bucket URL. Undocumented; kept, it makes keys like `/AC.../RE...`."""
    external_upload: Literal["ok", "16111", "16112"] = "ok"
    """Whether uploads work, or fail with that alert: no object, and the recording completed all the same."""
    credential_removed_in_use: Literal["uploads_fail", "copy_kept"] = "uploads_fail"
    """What becomes of uploads once the AWS credential chosen for them is deleted. Undocumented: either they fail with
    alert 16112 (and leave no object), which is the worse of the two, or Twilio goes on with a copy of the key pair."""

    event_lag_seconds: NonNegative = 0.0
    """How long after the act an event appears. Undocumented."""
    event_loss: Probability = 0.0
    """The share of events that never appear, chosen by event and thus repeatable. Undocumented."""
    event_order: Literal["newest_first", "oldest_first"] = "newest_first"
    """Documented as sorted by date, without a direction."""
    event_retention_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    """30 days; 13 months (395) with the paid editions."""
    upload_alert_names: Literal["recording", "call", "nothing"] = "recording"
    """The resource_sid of an alert about a failed upload. Undocumented; it is empty where an alert is about none."""
    alerts_listed_max: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """Where a list of alerts ends, however many there are. Documented."""
    monitor: Literal["served", "missing"] = "served"
    """Whether there is Monitor. Twilio names none among the products of its regions IE1 and AU1; what is answered there
    is undocumented."""
    bulk_delete_events: Literal["one_per_recording", "one"] = "one_per_recording"
    """Whether a Console bulk delete also gives each recording its own event. Undocumented."""

    delete_window_utc: TimeWindow | None = None
    """Invariant: API deletions happen only between these times of day, such as `22:00-06:00`."""
    deletes_per_minute_max: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Invariant: at most so many successful API deletions in any 60 seconds of virtual time."""

    def update(self, changes: Any) -> None:
        """Change the named options, all or none. Raises msgspec.ValidationError for an unknown name or bad value."""
        merged = msgspec.convert({**msgspec.to_builtins(self), **changes}, type(self))
        for name in self.__struct_fields__:
            setattr(self, name, getattr(merged, name))
