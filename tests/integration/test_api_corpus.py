"""The API server judges objects as the operator does: the same corpus as tests/unit/api, by a dry run."""

import json
from dataclasses import replace

import pytest
from kubernetes import client

from recording_storage_operator.api import names
from recording_storage_operator.api.desired import to_desired
from tests.unit.api.corpus import RIGHT, WRONG, Case


def created(api: client.ApiClient, case: Case) -> object:
    """What the API server would store."""
    custom = client.CustomObjectsApi(api)
    return custom.create_namespaced_custom_object(
        names.GROUP, names.VERSION, "default", names.PLURAL, case.object, dry_run="All"
    )


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_a_right_object_is_stored_and_means_the_same(api: client.ApiClient, case: Case) -> None:
    stored = created(api, case)
    assert isinstance(stored, dict)
    assert to_desired(stored) == replace(to_desired(case.object), owner=stored["metadata"]["uid"])


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_object_is_refused_with_the_same_sentence(api: client.ApiClient, case: Case) -> None:
    with pytest.raises(client.ApiException) as refused:
        created(api, case)
    assert refused.value.status == 422
    assert case.fragment in json.loads(refused.value.body or "{}")["message"]
