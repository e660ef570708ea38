"""The vocabulary users see: condition types, and the CamelCase reasons under them."""

from enum import StrEnum


class ConditionType(StrEnum):
    """Types in `status.conditions`. Reconciling and Stalled are present only while True (kstatus)."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    BACKEND_ACTIVE = "BackendActive"
    LEDGER_COMPLETE = "LedgerComplete"
    CONSOLE_ACTION_REQUIRED = "ConsoleActionRequired"
    IN_SYNC = "InSync"
    CONFLICT = "Conflict"
    DELETION_BLOCKED = "DeletionBlocked"


class Reason(StrEnum):
    """Why a condition has its status. One reason, one thing to do; docs/status.md explains each."""

    # All is as wanted.
    RECONCILED = "Reconciled"
    SUSPENDED = "Suspended"

    # Work is under way.
    SWEEPING = "Sweeping"
    SWEEP_PENDING = "SweepPending"
    PROGRESSING = "Progressing"

    # InSync, and what a plan waits for.
    AS_WANTED = "AsWanted"
    DRIFTED = "Drifted"
    APPLYING = "Applying"
    AWAITING_APPROVAL = "AwaitingApproval"
    APPROVAL_STALE = "ApprovalStale"
    NOT_SUPPORTED = "NotSupported"
    CHANGE_NOT_SEEN = "ChangeNotSeen"
    WORLD_MOVED = "WorldMoved"

    # Conflict.
    ACCOUNT_CLAIMED = "AccountClaimed"
    BUCKET_CLAIMED = "BucketClaimed"

    # Deletion of the resource.
    BUCKET_NOT_EMPTY = "BucketNotEmpty"
    EXTERNAL_STORAGE_IN_USE = "ExternalStorageInUse"

    # Input a person has to mend: the spec or a Secret.
    INVALID_SPEC = "InvalidSpec"
    SECRET_MISSING = "SecretMissing"
    SECRET_MALFORMED = "SecretMalformed"
    CREDENTIALS_REQUIRED = "CredentialsRequired"
    WRITER_KEY_SHARED = "WriterKeyShared"
    ENDPOINT_NOT_ALLOWED = "EndpointNotAllowed"

    # Twilio.
    TWILIO_CREDENTIALS_REJECTED = "TwilioCredentialsRejected"
    TWILIO_ACCOUNT_SUSPENDED = "TwilioAccountSuspended"
    TWILIO_ACCOUNT_CLOSED = "TwilioAccountClosed"
    TWILIO_ACCOUNT_NOT_FOUND = "TwilioAccountNotFound"
    TWILIO_ACCESS_DENIED = "TwilioAccessDenied"
    TWILIO_UNREACHABLE = "TwilioUnreachable"
    TWILIO_THROTTLED = "TwilioThrottled"
    TWILIO_ANSWER_UNUSABLE = "TwilioAnswerUnusable"

    # S3.
    S3_CREDENTIALS_REJECTED = "S3CredentialsRejected"
    S3_ACCESS_DENIED = "S3AccessDenied"
    S3_UNREACHABLE = "S3Unreachable"
    S3_ANSWER_UNUSABLE = "S3AnswerUnusable"
    BUCKET_MISSING = "BucketMissing"
    BUCKET_NOT_OWNED = "BucketNotOwned"
    BUCKET_WRONG_REGION = "BucketWrongRegion"

    # Time and trust.
    CLOCK_SKEW = "ClockSkew"
    LISTING_INCONSISTENT = "ListingInconsistent"
    IMPLAUSIBLE_LOSS = "ImplausibleLoss"
    LEDGER_DAMAGED = "LedgerDamaged"

    # BackendActive.
    OBSERVED = "Observed"
    NO_RECORDINGS = "NoRecordings"
    NEW_RECORDINGS_AT_TWILIO = "NewRecordingsAtTwilio"
    NEW_RECORDINGS_IN_S3 = "NewRecordingsInS3"
    NEW_RECORDINGS_IN_OTHER_BUCKET = "NewRecordingsInOtherBucket"

    # ConsoleActionRequired.
    ENABLE_EXTERNAL_STORAGE = "EnableExternalStorage"
    DISABLE_EXTERNAL_STORAGE = "DisableExternalStorage"
    CHANGE_BUCKET_URL = "ChangeBucketUrl"
    CHOOSE_WRITER_CREDENTIAL = "ChooseWriterCredential"

    # LedgerComplete.
    SWEPT = "Swept"
    MONITOR_DENIED = "MonitorDenied"
    UNTRACED_ABSENCE = "UntracedAbsence"
    BUCKET_NOT_WATCHED = "BucketNotWatched"

    # Anything else: a defect of the operator itself, logged with its traceback.
    INTERNAL_ERROR = "InternalError"

    # Kubernetes.
    KUBERNETES_UNREACHABLE = "KubernetesUnreachable"
    KUBERNETES_ACCESS_DENIED = "KubernetesAccessDenied"
    KUBERNETES_CONFLICT = "KubernetesConflict"
    KUBERNETES_REFUSED = "KubernetesRefused"
