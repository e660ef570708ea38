"""From an object of the API server to what is desired, or to the sentence that says why it cannot be used."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..core.desired import Bucket, BucketSettings, Desired, TwilioAccount
from ..core.errors import Terminal
from ..core.reasons import Reason
from .durations import parse_duration
from .spec import S3Spec, TwilioSpec
from .v1alpha1 import RecordingStorage

MAX_PROBLEMS = 5
"""Problems told at once: the message goes into a condition, and people mend the first ones first."""

_WORDS = {
    "missing": "Required value",
    "model_type": "must be of type object",
    "dict_type": "must be of type object",
    "string_type": "must be of type string",
    "bool_type": "must be of type boolean",
    "int_type": "must be of type integer",
    "greater_than_equal": "should be greater than or equal to {ge}",
    "less_than_equal": "should be less than or equal to {le}",
    "too_long": "must have at most {max_length} items",
    "enum": "Unsupported value: supported values: {expected}",
    "literal_error": "Unsupported value: supported values: {expected}",
}
"""pydantic's kinds of error in the words of the API server, which people know from kubectl."""


def to_desired(obj: Mapping[str, Any]) -> Desired:
    """What a RecordingStorage asks for, normalised.

    Raises Terminal (InvalidSpec) naming every field that is wrong: an object may be older than a rule of its CRD.
    """
    try:
        storage = RecordingStorage.model_validate({"metadata": obj.get("metadata"), "spec": obj.get("spec")})
    except ValidationError as error:
        raise Terminal(Reason.INVALID_SPEC, _explain(error)) from None
    spec = storage.spec
    return Desired(
        backend=spec.backend,
        twilio=_account(spec.twilio),
        s3=_bucket(spec.s3) if spec.s3 else None,
        metadata_days=spec.retention.metadata_days,
        sweep_interval=parse_duration(spec.sweep_interval),
        suspend=spec.suspend,
        approval=spec.approval,
        drift_policy=spec.drift_policy,
        deletion_policy=spec.deletion_policy,
        owner=storage.metadata.uid,
        name=storage.metadata.name,
        namespace=storage.metadata.namespace,
    )


def _account(twilio: TwilioSpec) -> TwilioAccount:
    return TwilioAccount(
        account_sid=twilio.account_sid,
        credentials_secret=twilio.credentials_secret_ref.name,
        region=twilio.region or "",
        edge=twilio.edge or "",
    )


def _bucket(s3: S3Spec) -> Bucket:
    prefix = (s3.prefix or "").rstrip("/")
    return Bucket(
        name=s3.bucket,
        region=s3.region,
        prefix=f"{prefix}/" if prefix else "",
        endpoint_url=(s3.endpoint_url or "").rstrip("/"),
        force_path_style=s3.force_path_style,
        credentials_secret=s3.credentials_secret_ref.name if s3.credentials_secret_ref else "",
        writer_secret=s3.writer_credentials_secret_ref.name if s3.writer_credentials_secret_ref else "",
        management=s3.management,
        settings=_settings(s3),
    )


def _settings(s3: S3Spec) -> BucketSettings:
    return BucketSettings(
        versioning=s3.versioning == "Enabled",
        encryption=s3.encryption.sse_algorithm,
        kms_key=s3.encryption.kms_master_key_id or "",
        block_public_access=s3.public_access == "Blocked",
        enforce_ownership=s3.object_ownership == "BucketOwnerEnforced",
        require_tls=s3.secure_transport == "Required",
        abort_uploads_after=s3.lifecycle.abort_incomplete_multipart_upload_days,
        expire_noncurrent=s3.lifecycle.noncurrent_versions == "Expire",
        tags=tuple(sorted((s3.tags or {}).items())),
    )


def _explain(error: ValidationError) -> str:
    """Fields and problems, never the values: somebody may have pasted a token into the wrong field."""
    problems = error.errors(include_url=False, include_context=True, include_input=False)
    told = [_problem(problem) for problem in problems[:MAX_PROBLEMS]]
    more = len(problems) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _problem(problem: ErrorDetails) -> str:
    facts = {name: _quoted(value) for name, value in problem.get("ctx", {}).items()}
    known = _WORDS.get(problem["type"])
    return f"{'.'.join(map(str, problem['loc']))}: {known.format(**facts) if known else problem['msg']}"


def _quoted(fact: object) -> str:
    """`'Twilio' or 'S3'` as the API server lists choices: `"Twilio", "S3"`."""
    return str(fact).replace("'", '"').replace('" or "', '", "')
