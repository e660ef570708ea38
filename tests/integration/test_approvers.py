"""The policy that splits approving from editing, on the real API server."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from kubernetes import client

from lab.control_plane import ControlPlane
from lab.toolchain import run_kubectl
from lab.waiting import until
from recording_storage_operator.api import names
from recording_storage_operator.core.verdicts import ACCEPT_MISSING
from tests.builders import storage
from tests.unit.api.crds import ROOT
from tests.unit.api.manifests import document

FOLDER = ROOT / "manifests" / "approvers"
EDITED = [names.PLURAL, f"{names.PLURAL}/status"]
EDITS = [{"apiGroups": [names.GROUP], "resources": EDITED, "verbs": ["get", "create", "update", "patch"]}]
PLAN, LOSS = "p0123456789a", "m0123456789a"
TRIED = ("--dry-run=server", f"{names.APPROVED_PLAN}={PLAN}")


@dataclass(frozen=True)
class People:
    """An editor and an approver of one namespace."""

    plane: ControlPlane
    namespace: str
    editor: str
    approver: str

    def make(self, user: str, **spec: Any) -> str:
        """Create a resource as somebody. Returns the refusal, empty without one."""
        obj = storage(**{"approval": "Manual"} | spec)
        obj["metadata"] = {"name": "acme"}
        return self._attempt(user, "create", "-f", "-", stdin=yaml.safe_dump(obj))

    def annotate(self, user: str, *annotations: str) -> str:
        return self._attempt(user, "annotate", f"{names.PLURAL}/acme", "--overwrite", *annotations)

    def edit(self, user: str, **spec: Any) -> str:
        return self.change(user, spec=spec)

    def change(self, user: str, *options: str, **body: Any) -> str:
        return self._attempt(user, "patch", f"{names.PLURAL}/acme", "--type=merge", *options, "-p", json.dumps(body))

    def _attempt(self, user: str, *words: str, stdin: str = "") -> str:
        place = (f"--as={user}", f"--namespace={self.namespace}")
        try:
            run_kubectl(self.plane.admin_kubeconfig, *place, *words, stdin=stdin)
        except RuntimeError as error:
            return str(error)
        return ""


def grant(api: client.ApiClient, namespace: str, rules: list[dict[str, Any]]) -> str:
    """A new user with these rights in the namespace."""
    user = f"somebody-{uuid.uuid4().hex[:8]}"
    rbac: Any = client.RbacAuthorizationV1Api(api)
    rbac.create_namespaced_role(namespace, {"metadata": {"name": user}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    binding = {"metadata": {"name": user}, "roleRef": reference, "subjects": subjects}
    rbac.create_namespaced_role_binding(namespace, binding)
    return user


@pytest.fixture(scope="module")
def policy(control_plane: ControlPlane) -> Iterator[None]:
    run_kubectl(control_plane.admin_kubeconfig, "apply", "--server-side", "-k", FOLDER)
    yield
    run_kubectl(control_plane.admin_kubeconfig, "delete", "-k", FOLDER)


@pytest.fixture
def people(control_plane: ControlPlane, policy: None, api: client.ApiClient, namespace: str) -> People:
    """With a resource that waits. The API server takes a moment to heed a policy, and to know new rights."""
    approves = document("approvers/role.yaml")["rules"]
    made = People(control_plane, namespace, grant(api, namespace, EDITS), grant(api, namespace, approves))
    until(lambda: made.make(made.editor) == "", what="the editor's rights")
    until(lambda: "approve" in made.annotate(made.editor, *TRIED), what="the policy heeded")
    until(lambda: made.annotate(made.approver, *TRIED) == "", what="the approver's rights")
    return made


def test_who_edits_does_not_approve(people: People) -> None:
    editor = people.editor
    assert people.edit(editor, sweepInterval="1h") == ""
    assert people.annotate(editor, f"{names.RECONCILE_REQUESTED_AT}=now") == ""
    assert f"To approve plan {PLAN} takes the verb approve" in people.annotate(editor, f"{names.APPROVED_PLAN}={PLAN}")
    assert f"To accept loss {LOSS} takes the verb approve" in people.annotate(editor, f"{ACCEPT_MISSING}={LOSS}")
    assert "With spec.approval Automatic every plan is approved" in people.edit(editor, approval="Automatic")


def test_who_approves_does_not_edit(people: People) -> None:
    approver = people.approver
    assert people.annotate(approver, f"{names.APPROVED_PLAN}={PLAN}", f"{ACCEPT_MISSING}={LOSS}") == ""
    assert "To change the spec takes the verb update" in people.edit(approver, sweepInterval="1h")
    assert "To change the spec takes the verb update" in people.edit(approver, approval="Automatic")


def test_what_was_approved_stays_so_through_an_edit_and_may_be_taken_back(people: People) -> None:
    people.annotate(people.approver, f"{names.APPROVED_PLAN}={PLAN}")
    assert people.edit(people.editor, sweepInterval="1h") == ""
    assert people.annotate(people.editor, f"{names.APPROVED_PLAN}-") == ""


def test_a_new_resource_brings_no_approval_along(people: People) -> None:
    run_kubectl(people.plane.admin_kubeconfig, "delete", f"{names.PLURAL}/acme", f"--namespace={people.namespace}")
    assert "With spec.approval Automatic every plan is approved" in people.make(people.editor, approval="Automatic")
    assert people.make(people.editor) == ""


def test_the_operator_writes_what_it_writes(people: People) -> None:
    """Its rights lack update and approve."""
    operator, place = people.plane.operator_kubeconfig, f"--namespace={people.namespace}"
    held = json.dumps({"metadata": {"finalizers": ["recordings.dev/finalizer"]}})
    run_kubectl(operator, place, "patch", f"{names.PLURAL}/acme", "--type=merge", "-p", held)
    agreed = [{"path": "bucket", "digest": "0" * 16, "state": "Approved"}]
    told = json.dumps({"status": {"observedGeneration": 1, "managed": agreed, "lastApprovedPlan": PLAN}})
    run_kubectl(operator, place, "patch", f"{names.PLURAL}/acme", "--subresource=status", "--type=merge", "-p", told)
    freed = json.dumps({"metadata": {"finalizers": None}})
    run_kubectl(operator, place, "patch", f"{names.PLURAL}/acme", "--type=merge", "-p", freed)


def test_nobody_else_writes_into_the_status_what_was_agreed_to(people: People) -> None:
    forged = {"managed": [{"path": "bucket", "digest": "0" * 16, "state": "Approved"}]}
    told = "which the operator alone writes"
    assert told in people.change(people.editor, "--subresource=status", status=forged)
    assert told in people.change(people.editor, "--subresource=status", status={"lastApprovedPlan": PLAN})
    assert people.change(people.editor, "--subresource=status", status={"observedGeneration": 7}) == ""


def test_who_approves_cannot_let_the_resource_go(people: People) -> None:
    """Without its finalizer, or owned by something that does not exist, it would be collected with its ledger."""
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0" * 36}
    told = "To change finalizers or owners takes the verb update"
    assert told in people.change(people.approver, metadata={"ownerReferences": [owner]})
    assert told in people.change(people.approver, metadata={"finalizers": ["example.com/x"]})
