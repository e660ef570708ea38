"""Reading RecordingStorages from a file."""

import io
import json

import click
import pytest
import yaml

from recording_storage_operator.commands.keys import from_environment
from recording_storage_operator.commands.manifests import Declared, declared
from tests.builders import storage


def read(text: str) -> list[Declared]:
    file = io.StringIO(text)
    file.name = "storages.yaml"
    return declared(file)


def test_every_resource_of_a_file_is_read_in_order_and_nothing_else() -> None:
    documents = [storage("b"), {"kind": "Secret", "apiVersion": "v1"}, None, storage("a", "telephony"), "text"]
    assert [one.title for one in read(yaml.safe_dump_all(documents))] == ["default/b", "telephony/a"]


def test_a_list_as_kubectl_writes_it_is_read() -> None:
    whole = {"apiVersion": "v1", "kind": "List", "items": [storage("a"), {"kind": "Secret"}]}
    assert [one.name for one in read(yaml.safe_dump(whole))] == ["a"]


def test_json_is_read() -> None:
    assert [one.name for one in read(json.dumps(storage("a"), indent=2))] == ["a"]


def test_a_resource_without_a_namespace_is_called_by_its_name() -> None:
    obj = storage("a")
    del obj["metadata"]["namespace"]
    assert [one.title for one in read(yaml.safe_dump(obj))] == ["a"]


@pytest.mark.parametrize(
    "text", ["", "kind: Secret", "kind: RecordingStorage\napiVersion: recordings.dev/v9", "--- []", "just: text"]
)
def test_a_file_without_any_is_an_error(text: str) -> None:
    with pytest.raises(click.ClickException, match=r"no RecordingStorage of recordings.dev/v1alpha1 in storages\.yaml"):
        read(text)


def test_a_file_that_is_no_yaml_is_an_error_that_shows_nothing_of_it() -> None:
    with pytest.raises(click.ClickException, match="line 2") as caught:
        read("a: 1\nauthToken: 'sesame")
    assert "sesame" not in caught.value.message


def test_every_wrong_field_is_named() -> None:
    obj = storage("support-line", approval="Perhaps")
    obj["spec"]["s3"]["bucket"] = "No_Bucket"
    with pytest.raises(click.ClickException) as caught:
        read(yaml.safe_dump(obj))
    for told in ("support-line is invalid", "spec.approval", "spec.s3.bucket"):
        assert told in caught.value.message


def test_fields_that_do_not_exist_are_refused_by_name() -> None:
    obj = storage("support-line", aproval="Manual") | {"specs": {}}
    obj["spec"]["s3"] |= {"lifecycle": {"noncurrentVersion": "Expire"}, "backend": "S3"}
    obj["spec"]["twilio"]["credentialsSecretRef"]["key"] = "token"
    with pytest.raises(click.ClickException) as caught:
        read(yaml.safe_dump(obj))
    for path in (
        "specs",
        "spec.aproval",
        "spec.s3.lifecycle.noncurrentVersion",
        "spec.s3.backend",
        "spec.twilio.credentialsSecretRef.key",
    ):
        assert f"{path}: unknown field" in caught.value.message


def test_a_mistyped_field_is_told_beside_the_one_that_is_missing_for_it() -> None:
    obj = storage("support-line")
    obj["spec"]["backnd"] = obj["spec"].pop("backend")
    with pytest.raises(click.ClickException, match=r"spec\.backnd: unknown field; spec\.backend: Required value"):
        read(yaml.safe_dump(obj))


def test_what_may_have_any_key_is_not_taken_for_unknown_fields() -> None:
    obj = storage("support-line") | {"status": {"anything": 1}}
    obj["metadata"] |= {"labels": {"team": "voice"}, "managedFields": [], "uid": "uid-1"}
    obj["spec"]["s3"] |= {"tags": {"team": "voice"}, "encryption": {"sseAlgorithm": "AES256"}}
    assert [one.name for one in read(yaml.safe_dump(obj))] == ["support-line"]


def test_two_files_joined_without_a_separator_are_told() -> None:
    first, second = (yaml.safe_dump(storage(name)) for name in "ab")
    line = first.count("\n") + 1
    with pytest.raises(click.ClickException, match=rf"storages\.yaml: line {line} repeats .* Is a --- missing"):
        read(first + second)


def test_a_key_that_is_there_twice_further_in_is_told_without_showing_it() -> None:
    text = yaml.safe_dump(storage("a")) + "---\nkind: Secret\nstringData:\n  sesame: a\n  sesame: b\n"
    with pytest.raises(click.ClickException, match="repeats a key of its mapping") as caught:
        read(text)
    assert "sesame" not in caught.value.message
    assert "---" not in caught.value.message


def test_a_key_beside_a_merge_may_replace_what_it_brings() -> None:
    text = json.dumps(storage("a")).removesuffix("}") + ', "x": &x {"name": "b"}, "y": {<<: *x, "name": "c"}}'
    with pytest.raises(click.ClickException, match="x: unknown field; y: unknown field"):
        read(text)


@pytest.mark.parametrize("metadata", [None, "text", {}, {"name": 7}])
def test_a_resource_without_a_usable_name_is_invalid(metadata: object) -> None:
    with pytest.raises(click.ClickException, match="metadata"):
        read(yaml.safe_dump(storage() | {"metadata": metadata}))


def test_credentials_of_the_environment_take_the_place_of_every_secret() -> None:
    obj = storage()
    obj["spec"]["s3"]["writerCredentialsSecretRef"] = {"name": "writer"}
    [source] = read(yaml.safe_dump(obj))
    desired, credentials = from_environment({"TWILIO_AUTH_TOKEN": "sesame"}, source.desired)
    assert desired.s3
    assert (desired.s3.credentials_secret, desired.s3.writer_secret) == ("", "")
    assert credentials.twilio
    assert credentials.twilio.values == {"authToken": "sesame"}
    assert credentials.bucket is None


def test_an_api_key_goes_before_the_token() -> None:
    [source] = read(yaml.safe_dump(storage()))
    environ = {"TWILIO_AUTH_TOKEN": "token", "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "sesame"}
    _, credentials = from_environment(environ, source.desired)
    assert credentials.twilio
    assert credentials.twilio.values == {"apiKeySid": "SK1", "apiKeySecret": "sesame"}


@pytest.mark.parametrize("environ", [{}, {"TWILIO_API_KEY": "SK1"}, {"TWILIO_API_SECRET": "sesame"}])
def test_without_credentials_for_twilio_it_is_said_where_they_come_from(environ: dict[str, str]) -> None:
    [source] = read(yaml.safe_dump(storage()))
    with pytest.raises(click.ClickException, match="set TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET"):
        from_environment(environ, source.desired)
