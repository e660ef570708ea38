import pytest

from lab.build_progress import COLD_PACKAGES, remaining


def test_before_anything_is_compiled_the_estimate_is_the_known_time_of_a_cold_build() -> None:
    assert remaining(0, COLD_PACKAGES, elapsed=0, cold_seconds=200) == pytest.approx(200)


def test_a_machine_half_as_fast_is_believed_after_a_while() -> None:
    half_way = remaining(750, COLD_PACKAGES, elapsed=200, cold_seconds=200)
    assert 170 < half_way < 220


def test_packages_in_the_build_cache_are_not_waited_for() -> None:
    assert remaining(0, 10, elapsed=0, cold_seconds=200) < 25
