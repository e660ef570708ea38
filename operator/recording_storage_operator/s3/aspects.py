"""How S3 keeps each of a bucket's settings: the calls, what says that nothing is set, and the shape of its document.

The table below is S3's API reference (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3.html);
which rights the calls take is in core.iam.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.facts import Aspect

_POLICY = "Policy"


@dataclass(frozen=True, slots=True)
class Keeping:
    """One aspect at S3. Calls are the SDK's method names; `remove` is empty where S3 knows no removal.

    `unset` is the error code that means that nothing is set, empty where S3 always answers with a document.
    `parameter` carries the document in the put; in the get's answer it is a member of that name, unless `members` says
    which members of the answer make it up. `beside` is the one member that the put takes outside of `parameter`.
    `content` is the member without which a document says nothing, empty where that is the whole of it.
    `setting` is the field under spec.s3 that decides about it.
    """

    get: str
    put: str
    parameter: str
    setting: str
    remove: str = ""
    remove_right: str = ""
    unset: str = ""
    members: tuple[str, ...] = ()
    beside: str = ""
    content: str = ""

    def document(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The document in the answer to a get. Raises ValueError where a policy is not JSON."""
        if self.parameter == _POLICY:
            return dict(json.loads(answer[_POLICY]))
        if self.members:
            return {name: answer[name] for name in self.members if name in answer}
        return dict(answer.get(self.parameter, {}))

    def request(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The put's parameters for a document."""
        if self.parameter == _POLICY:
            # A policy may have 20 KB; blanks count.
            return {_POLICY: json.dumps(document, separators=(",", ":"))}
        inside = {name: value for name, value in document.items() if name != self.beside}
        outside = {name: value for name, value in document.items() if name == self.beside}
        return {self.parameter: inside, **outside}

    def is_empty(self, document: Mapping[str, Any]) -> bool:
        """Whether nothing is set by it."""
        return not (document.get(self.content) if self.content else document)


KEPT = {
    # MFADelete is left out: S3 takes it only with the code of the root account's device.
    Aspect.VERSIONING: Keeping(
        get="get_bucket_versioning",
        put="put_bucket_versioning",
        parameter="VersioningConfiguration",
        setting="versioning",
        members=("Status",),
    ),
    Aspect.ENCRYPTION: Keeping(
        get="get_bucket_encryption",
        put="put_bucket_encryption",
        parameter="ServerSideEncryptionConfiguration",
        setting="encryption",
        remove="delete_bucket_encryption",
        remove_right="s3:PutEncryptionConfiguration",
        unset="ServerSideEncryptionConfigurationNotFoundError",
        content="Rules",
    ),
    Aspect.PUBLIC_ACCESS: Keeping(
        get="get_public_access_block",
        put="put_public_access_block",
        parameter="PublicAccessBlockConfiguration",
        setting="publicAccess",
        remove="delete_public_access_block",
        remove_right="s3:PutBucketPublicAccessBlock",
        unset="NoSuchPublicAccessBlockConfiguration",
    ),
    Aspect.OWNERSHIP: Keeping(
        get="get_bucket_ownership_controls",
        put="put_bucket_ownership_controls",
        parameter="OwnershipControls",
        setting="objectOwnership",
        remove="delete_bucket_ownership_controls",
        remove_right="s3:PutBucketOwnershipControls",
        unset="OwnershipControlsNotFoundError",
        content="Rules",
    ),
    Aspect.LIFECYCLE: Keeping(
        get="get_bucket_lifecycle_configuration",
        put="put_bucket_lifecycle_configuration",
        parameter="LifecycleConfiguration",
        setting="lifecycle",
        remove="delete_bucket_lifecycle",
        remove_right="s3:PutLifecycleConfiguration",
        unset="NoSuchLifecycleConfiguration",
        members=("Rules", "TransitionDefaultMinimumObjectSize"),
        beside="TransitionDefaultMinimumObjectSize",
        content="Rules",
    ),
    Aspect.POLICY: Keeping(
        get="get_bucket_policy",
        put="put_bucket_policy",
        parameter=_POLICY,
        setting="secureTransport",
        remove="delete_bucket_policy",
        remove_right="s3:DeleteBucketPolicy",
        unset="NoSuchBucketPolicy",
        content="Statement",
    ),
    Aspect.TAGS: Keeping(
        get="get_bucket_tagging",
        put="put_bucket_tagging",
        parameter="Tagging",
        setting="tags",
        remove="delete_bucket_tagging",
        remove_right="s3:PutBucketTagging",
        unset="NoSuchTagSet",
        members=("TagSet",),
        content="TagSet",
    ),
}
