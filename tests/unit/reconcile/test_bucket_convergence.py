"""Whatever a bucket holds and a spec asks for: one plan brings it there, the next has nothing in it, and all that is
somebody else's stays as it was."""

import tempfile
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recording_storage_operator.api.desired import to_desired
from recording_storage_operator.core.bucket_settings import CREATED_BY, Part, Tag, parts_of, tags_of
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.core.s3_documents import KEY, KEY_ARN, documents
from tests.unit.core.test_bucket_settings import foreign
from tests.unit.reconcile.world import World

Documents = Mapping[Aspect, Mapping[str, Any]]

encryptions: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"sseAlgorithm": st.sampled_from(["Any", "AES256", "aws:kms"])}),
    st.fixed_dictionaries(
        {"sseAlgorithm": st.just("aws:kms"), "kmsMasterKeyID": st.sampled_from([KEY, KEY_ARN, "alias/voice"])}
    ),
)
buckets = st.fixed_dictionaries(
    {},
    optional={
        "prefix": st.sampled_from(["", "voice", "a/b/"]),
        "versioning": st.sampled_from(["Enabled", "Unmanaged"]),
        "encryption": encryptions,
        "publicAccess": st.sampled_from(["Blocked", "Unmanaged"]),
        "objectOwnership": st.sampled_from(["BucketOwnerEnforced", "Unmanaged"]),
        "secureTransport": st.sampled_from(["Required", "Unmanaged"]),
        "lifecycle": st.fixed_dictionaries(
            {},
            optional={
                "abortIncompleteMultipartUploadDays": st.integers(1, 365),
                "noncurrentVersions": st.sampled_from(["Keep", "Expire"]),
            },
        ),
        "tags": st.dictionaries(st.sampled_from(["team", "cost", "stage"]), st.sampled_from(["", "a", "a b=c"])),
    },
)
specs = st.fixed_dictionaries(
    {"s3": buckets.map(lambda fields: {**storage()["spec"]["s3"], **fields})},
    optional={
        "approval": st.sampled_from(["Automatic", "Manual"]),
        "driftPolicy": st.sampled_from(["Revert", "Report"]),
        "retention": st.fixed_dictionaries({"metadataDays": st.integers(1, 40)}),
    },
)

searched = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Story:
    """A world with a resource that is not reconciled yet, and a bucket with documents, or none."""

    def __init__(self, work_dir: str, spec: Mapping[str, Any], found: Documents | None) -> None:
        self.world = World(Path(work_dir))
        if found is not None:
            self.world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
            self.others_write(found)
        self.key: Key = self.world.cluster.create(storage(**deepcopy(dict(spec))))
        self.made = found is None

    @property
    def documents(self) -> dict[Aspect, Mapping[str, Any]]:
        """As they are now."""
        stored = self.world.s3.buckets[BUCKET].documents
        return {aspect: deepcopy(stored.get(aspect, {})) for aspect in Aspect}

    @property
    def parts(self) -> list[Part]:
        """What the spec wants of the bucket."""
        return parts_of(to_desired(self.world.cluster.objects[self.key]), made_by_us=self.made)

    @property
    def differing(self) -> list[str]:
        """The paths of what is not as wanted."""
        documents = self.documents
        return [part.path for part in self.parts if part.have(documents[part.aspect]) != part.want]

    @property
    def status(self) -> Mapping[str, Any]:
        return self.world.cluster.status(self.key)

    def others_write(self, found: Documents) -> None:
        """Somebody puts all documents in place. MFA delete is never read."""
        written = {aspect: deepcopy(dict(document)) for aspect, document in found.items()}
        written[Aspect.VERSIONING].pop("MFADelete", None)
        kept = {aspect: document for aspect, document in written.items() if document}
        self.world.s3.buckets[BUCKET].documents = kept

    def settle(self) -> None:
        """A sweep, and what comes of it."""
        self.world.clock.advance(seconds=7200)
        self.world.sweep(self.key)
        self.world.run(self.key)

    def not_ours(self) -> dict[str, Any]:
        """All that the spec does not want."""
        return foreign(self.documents, {part.key for part in self.parts if isinstance(part, Tag)})


def check_at_rest(story: Story) -> None:
    """All is as wanted, and a new process finds nothing to do."""
    assert story.differing == []
    assert story.status["plan"] == {"state": "Applied", "summary": "Nothing to do."}
    assert story.world.condition(story.key, "InSync") == ("True", "AsWanted")
    documents, written, writes = story.documents, list(story.world.s3.written), story.world.cluster.writes
    story.world.restart_operator()
    assert not story.world.run(story.key).failed
    assert (story.documents, story.world.s3.written, story.world.cluster.writes) == (documents, written, writes)
    assert story.status["plan"] == {"state": "Applied", "summary": "Nothing to do."}


@searched
@given(specs, st.none() | documents)
def test_one_plan_brings_a_bucket_where_it_shall_be_and_the_next_is_empty(
    spec: Mapping[str, Any], found: Documents | None
) -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        story = Story(work_dir, spec, found)
        before = None if found is None else story.not_ours()
        due = story.differing if found is not None else None
        story.world.run(story.key)
        if spec.get("approval") == "Manual":
            assert story.world.s3.written == []
            assert (BUCKET in story.world.s3.buckets) is (found is not None)
            story.world.approve(story.key)

        story.settle()
        assert before is None or story.not_ours() == before
        assert due is None or len(story.world.s3.written) == len(due), "each change is one write"
        check_at_rest(story)


@searched
@given(specs, st.none() | documents, documents)
def test_what_others_change_later_is_put_back_or_reported_and_their_own_is_left(
    spec: Mapping[str, Any], found: Documents | None, later: Documents
) -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        story = Story(work_dir, spec, found)
        wanted_before = {part.path for part in story.parts} - set(story.differing) if found is not None else set()
        story.world.run(story.key)
        if spec.get("approval") == "Manual":
            story.world.approve(story.key)
        story.settle()
        story.others_write(later)
        # Whoever takes the mark away takes the bucket: it is not put back, so that nothing is deleted by it.
        marked = tags_of(later[Aspect.TAGS]).get(CREATED_BY) == story.world.cluster.uid(story.key)
        story.made = story.made and marked
        drifted, before, written = story.differing, story.not_ours(), list(story.world.s3.written)

        story.settle()

        assert story.not_ours() == before
        if spec.get("driftPolicy") == "Report":
            check_reported(story, drifted, later, written)
            return
        if spec.get("approval") == "Manual" and (asked := wanted_before & set(drifted)):
            check_asked_for(story, asked)
        check_at_rest(story)


@searched
@given(specs, documents, documents)
def test_an_observed_bucket_is_never_written(spec: Mapping[str, Any], found: Documents, later: Documents) -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        story = Story(work_dir, {**spec, "s3": {**spec["s3"], "management": "Observe"}}, found)
        story.world.run(story.key)
        story.settle()
        check_reported(story, story.differing, found, [])
        story.others_write(later)
        story.settle()
        check_reported(story, story.differing, later, [])


def check_asked_for(story: Story, paths: set[str]) -> None:
    """What was as wanted before anybody was asked is not put back before somebody was."""
    assert {one["target"] for one in story.status["plan"]["actions"]} == paths == set(story.differing)
    story.world.approve(story.key)
    story.settle()


def check_reported(story: Story, drifted: list[str], found: Documents, written: list[tuple[str, Aspect]]) -> None:
    """Every difference is named, and nothing was done about it."""
    assert story.world.s3.written == written
    assert sorted(one["path"] for one in story.status.get("drift", ())) == sorted(drifted)
    expected = ("False", "Drifted") if drifted else ("True", "AsWanted")
    assert story.world.condition(story.key, "InSync") == expected
    documents = story.documents
    story.others_write(found)
    assert documents == story.documents
