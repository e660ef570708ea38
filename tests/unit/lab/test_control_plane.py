from lab.control_plane import granted_to_user

ROLE = {"kind": "ClusterRole", "metadata": {"name": "operator"}}
BINDING = {
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "operator", "labels": {"a": "b"}},
    "roleRef": {"kind": "ClusterRole", "name": "operator"},
    "subjects": [{"kind": "ServiceAccount", "name": "operator", "namespace": "operator"}],
}


def test_the_user_is_granted_the_roles_that_are_bound_and_no_other() -> None:
    (granted,) = granted_to_user([ROLE, BINDING], "someone")
    assert granted["roleRef"] == BINDING["roleRef"]
    assert granted["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "someone"}]
    assert granted["metadata"] == {"name": "operator-user", "labels": {"a": "b"}}
