"""Pages follow keys, not positions."""

import pytest

from .conftest import Api, code


def test_pages_of_any_size_give_every_recording_once(api: Api) -> None:
    expected = api.record(7, spacing_seconds=1)[::-1]
    for size in (1, 2, 3, 7, 50):
        assert api.listed(PageSize=size) == expected


def test_a_page_links_to_its_neighbours(api: Api) -> None:
    sids = api.record(5, spacing_seconds=1)[::-1]
    first = api.page(PageSize=2, IncludeSoftDeleted="true").json()
    second = api.http.get(first["next_page_uri"]).json()
    third = api.http.get(second["next_page_uri"]).json()

    assert [first["start"], first["end"], first["page"], first["page_size"]] == [0, 1, 0, 2]
    assert [third["start"], third["end"], third["page"]] == [4, 4, 2]
    assert first["previous_page_uri"] is None
    assert third["next_page_uri"] is None
    assert first["first_page_uri"] == third["first_page_uri"] == first["uri"]
    assert api.http.get(second["uri"]).json() == second
    assert [row["sid"] for row in api.http.get(third["previous_page_uri"]).json()["recordings"]] == sids[2:4]
    assert api.http.get(second["previous_page_uri"]).json()["recordings"] == first["recordings"]
    assert "IncludeSoftDeleted=true" in second["next_page_uri"]


def test_without_a_page_size_it_is_50(api: Api) -> None:
    api.record(51)
    page = api.page().json()
    assert (len(page["recordings"]), page["page_size"]) == (50, 50)


def test_an_empty_list_is_one_page(api: Api) -> None:
    page = api.page().json()
    assert (page["recordings"], page["next_page_uri"], page["start"], page["end"]) == ([], None, 0, 0)


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_page_size_must_be_a_positive_number(api: Api, size: str) -> None:
    assert api.page(PageSize=size).status_code == 400


def test_a_page_size_above_1000_is_refused_with_20007(api: Api) -> None:
    assert code(api.page(PageSize=1001)) == (400, 20007)
    assert code(api.http.get("/v1/Events", params={"PageSize": 1001})) == (400, 20007)


def test_a_page_size_above_1000_is_clamped_by_option(api: Api) -> None:
    api.control.options(page_size_over_max="clamp")
    assert api.page(PageSize=5000).json()["page_size"] == 1000


@pytest.mark.parametrize("token", ["x", "PA", "PARE" + "0" * 32, "PX"])
def test_a_bad_token_is_refused_with_21481(api: Api, token: str) -> None:
    assert code(api.page(PageToken=token)) == (400, 21481)


def test_what_is_recorded_or_deleted_meanwhile_does_not_shift_pages(api: Api) -> None:
    sids = api.record(6, spacing_seconds=1)[::-1]
    first = api.page(PageSize=2).json()
    api.record(3, date_created="2027-01-01T00:00:00Z")
    for gone in (sids[0], sids[1], sids[3]):
        api.delete(gone)
    following = api.http.get(first["next_page_uri"]).json()
    assert [row["sid"] for row in following["recordings"]] == [sids[2], sids[4]]


@pytest.mark.parametrize(("dies", "expected"), [(False, 200), (True, 400)])
def test_whether_a_token_survives_its_anchor_is_an_option(api: Api, dies: bool, expected: int) -> None:
    api.control.options(token_fails_when_anchor_purged=dies)
    sids = api.record(4, spacing_seconds=1)[::-1]
    link = api.page(PageSize=2).json()["next_page_uri"]
    api.delete(sids[1])
    assert api.http.get(link).status_code == 200, "deleted, not purged"
    api.control.advance(days=40)
    answer = api.http.get(link)
    assert answer.status_code == expected
    if expected == 200:
        assert [row["sid"] for row in answer.json()["recordings"]] == sids[2:]
    else:
        assert code(answer) == (400, 21481)


def test_monitor_pages_have_absolute_addresses_of_the_host_that_was_asked(api: Api) -> None:
    sids = api.record(3, date_created="2026-01-01T00:00:00Z", spacing_seconds=1)
    first = api.http.get("/v1/Events", params={"PageSize": 2, "EventType": "recording.created"}).json()
    meta = first["meta"]
    assert meta["next_page_url"].startswith(f"{api.control.url}/v1/Events?EventType=recording.created&PageSize=2")
    assert (meta["key"], meta["page"], meta["page_size"]) == ("events", 0, 2)
    assert meta["previous_page_url"] is None

    second = api.http.get(meta["next_page_url"]).json()
    assert second["meta"]["next_page_url"] is None
    found = [row["resource_sid"] for page in (first, second) for row in page["events"]]
    assert found == sids[::-1]
    assert api.http.get(second["meta"]["previous_page_url"]).json()["events"] == first["events"]
    assert code(api.http.get("/v1/Events", params={"PageToken": "bad"})) == (400, 21481)
