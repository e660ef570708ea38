"""Configuration documents of buckets as S3 has them, most of it set up by somebody else."""

from typing import Any

from hypothesis import strategies as st

from recording_storage_operator.core.bucket_settings import CREATED_BY, SECURE_TRANSPORT_SID
from recording_storage_operator.core.desired import BucketSettings, Encryption
from recording_storage_operator.core.facts import Aspect
from tests.builders import ACCOUNT, BUCKET

OUR_RULES = tuple(
    f"recordings.dev/{ACCOUNT}/{name}" for name in ("abortIncompleteMultipartUploads", "noncurrentVersions")
)
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY}"

names = st.text("abz/ä", min_size=1, max_size=4)
days = st.integers(1, 400)
some_keys = st.sampled_from(["team", "cost", "stage", CREATED_BY])


Strategy = st.SearchStrategy[Any]


def maybe(**fields: Strategy) -> st.SearchStrategy[dict[str, Any]]:
    """A document with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def one_or_list(values: Strategy) -> Strategy:
    return values | st.lists(values, min_size=1, max_size=3)


one_tag = st.fixed_dictionaries({"Key": names, "Value": names})
filters: Strategy = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"Prefix": names}),
    st.fixed_dictionaries({"Tag": one_tag}),
    st.fixed_dictionaries({"And": st.fixed_dictionaries({"Prefix": names, "Tags": st.lists(one_tag, min_size=1)})}),
)
scopes = st.fixed_dictionaries({"Filter": filters}) | st.fixed_dictionaries({"Prefix": names})
rule_bodies = st.fixed_dictionaries(
    {"ID": names | st.sampled_from(OUR_RULES), "Status": st.sampled_from(["Enabled", "Disabled"])},
    optional={
        "AbortIncompleteMultipartUpload": st.fixed_dictionaries({"DaysAfterInitiation": days}),
        "NoncurrentVersionExpiration": st.fixed_dictionaries(
            {"NoncurrentDays": days}, optional={"NewerNoncurrentVersions": days}
        ),
        "Expiration": st.fixed_dictionaries({"Days": days}),
        "Transitions": st.just([{"Days": 30, "StorageClass": "GLACIER"}]),
    },
)
rules = st.builds(lambda body, scope: {**body, **scope}, rule_bodies, scopes)
lifecycles = maybe(
    Rules=st.lists(rules, max_size=4, unique_by=lambda rule: str(rule["ID"])),
    TransitionDefaultMinimumObjectSize=st.just("all_storage_classes_128K"),
)

statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": one_or_list(st.sampled_from(["s3:*", "s3:GetObject", "s3:PutObject"])),
        "Resource": one_or_list(st.sampled_from([f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"])),
    },
    optional={
        "Sid": names | st.just(SECURE_TRANSPORT_SID),
        "Principal": st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["*"]}, {"Service": "logging.s3.amazonaws.com"}]),
        "Condition": st.fixed_dictionaries(
            {
                "Bool": st.fixed_dictionaries(
                    {"aws:SecureTransport": one_or_list(st.sampled_from(["false", False, True]))}
                )
            }
        ),
    },
)
policies: Strategy = st.just({}) | st.fixed_dictionaries(
    {"Statement": statements | st.lists(statements, max_size=4, unique_by=lambda one: str(one.get("Sid", id(one))))},
    optional={"Version": st.sampled_from(["2008-10-17", "2012-10-17"]), "Id": names},
)

defaults = st.fixed_dictionaries(
    {"SSEAlgorithm": st.sampled_from(["AES256", "aws:kms", "aws:kms:dsse"])},
    optional={"KMSMasterKeyID": st.sampled_from([KEY, KEY_ARN, "alias/voice"])},
)
encryptions: Strategy = st.just({}) | st.fixed_dictionaries(
    {
        "Rules": st.lists(
            maybe(
                ApplyServerSideEncryptionByDefault=defaults,
                BucketKeyEnabled=st.booleans(),
                BlockedEncryptionTypes=st.just({"EncryptionType": ["SSE-C"]}),
            ),
            min_size=1,
            max_size=1,
        )
    }
)

BY_ASPECT: dict[Aspect, Strategy] = {
    Aspect.VERSIONING: maybe(
        Status=st.sampled_from(["Enabled", "Suspended"]), MFADelete=st.sampled_from(["Enabled", "Disabled"])
    ),
    Aspect.ENCRYPTION: encryptions,
    Aspect.PUBLIC_ACCESS: maybe(
        BlockPublicAcls=st.booleans(),
        IgnorePublicAcls=st.booleans(),
        BlockPublicPolicy=st.booleans(),
        RestrictPublicBuckets=st.booleans(),
    ),
    Aspect.OWNERSHIP: st.just({})
    | st.fixed_dictionaries(
        {
            "Rules": st.sampled_from(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]).map(
                lambda rule: [{"ObjectOwnership": rule}]
            )
        }
    ),
    Aspect.LIFECYCLE: lifecycles,
    Aspect.POLICY: policies,
    Aspect.TAGS: maybe(
        TagSet=st.lists(
            st.fixed_dictionaries({"Key": some_keys | names, "Value": names}),
            max_size=5,
            unique_by=lambda tag: str(tag["Key"]),
        )
    ),
}

documents: st.SearchStrategy[dict[Aspect, Any]] = st.fixed_dictionaries(BY_ASPECT)
one_document = st.one_of([st.tuples(st.just(aspect), found) for aspect, found in BY_ASPECT.items()])
"""An aspect and its document."""

wishes = st.builds(
    lambda encryption, **fields: BucketSettings(encryption=encryption[0], kms_key=encryption[1], **fields),
    encryption=st.tuples(st.sampled_from([Encryption.ANY, Encryption.AES256]), st.just(""))
    | st.tuples(st.just(Encryption.KMS), st.sampled_from(["", KEY, KEY_ARN, "alias/voice"])),
    versioning=st.booleans(),
    block_public_access=st.booleans(),
    enforce_ownership=st.booleans(),
    require_tls=st.booleans(),
    abort_uploads_after=st.integers(0, 365),
    expire_noncurrent=st.booleans(),
    tags=st.dictionaries(st.sampled_from(["team", "cost", "stage"]), names, max_size=3).map(
        lambda tags: tuple(sorted(tags.items()))
    ),
)
