from recording_storage_operator.handlers.settings import Backoffs, kopf_settings


def test_kopf_is_set_up_to_watch_and_nothing_else() -> None:
    settings = kopf_settings()
    assert settings.peering.standalone is True
    assert settings.scanning.disabled is True
    assert settings.posting.enabled is False
    assert settings.queueing.worker_limit is None


def test_kopfs_requests_and_streams_are_bounded() -> None:
    settings = kopf_settings()
    assert (settings.networking.request_timeout, settings.networking.connect_timeout) == (30, 5)
    assert (settings.watching.server_timeout, settings.watching.connect_timeout) == (300, 10)
    assert settings.watching.chunk_size == 500
    assert isinstance(settings.networking.error_backoffs, Backoffs)


def test_kopf_bears_an_api_server_that_is_away_for_ten_minutes() -> None:
    assert 500 < sum(Backoffs()) < 720


def test_each_request_starts_its_backoffs_anew_and_not_in_step_with_others() -> None:
    backoffs = Backoffs()
    first, second = list(backoffs), list(backoffs)
    assert len(first) == len(second) > 20
    assert first != second
    assert all(0.8 <= delay <= 36 for delay in first)
