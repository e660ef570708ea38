"""Every name under which the API server and users know us. crds/ and manifests/ are tested against these."""

GROUP = "recordings.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

KIND = "RecordingStorage"
PLURAL = "recordingstorages"
SLICE_KIND = "DeletedRecordingSlice"
SLICE_PLURAL = "deletedrecordingslices"

FINALIZER = f"{GROUP}/finalizer"

RECONCILE_REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
"""Annotation: any new value asks for a pass and a sweep now; status.lastHandledReconcileAt echoes it."""

APPROVED_PLAN = f"{GROUP}/approved-plan"
"""Annotation: the id of the plan a person has approved; no other plan is applied under `approval: Manual`."""

ACCOUNT_FIELD = "spec.twilio.accountSid"
BUCKET_FIELD = "spec.s3.bucket"
"""Fields that the CRD names as selectable: resources that name the same account or bucket are found by them."""

STORAGE_LABEL = f"{GROUP}/storage"
"""On slices: the name of the RecordingStorage they belong to."""

EXPIRES_ON_LABEL = f"{GROUP}/expires-on"
"""On slices: the day their entries expire on, or `settled`."""

MAX_NAME_LENGTH = 63
"""Of a RecordingStorage: its name is a label value, which Kubernetes bounds at 63; names may have 253."""
