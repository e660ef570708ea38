import pytest

from lab.build_progress import LINK_SECONDS, PACKAGE_SECONDS, remaining


def test_before_anything_is_compiled_the_known_cost_of_a_package_counts() -> None:
    assert remaining(0, 1500, elapsed=0, cores=2) == pytest.approx((1500 * PACKAGE_SECONDS + LINK_SECONDS) / 2)


def test_a_machine_half_as_fast_is_believed_after_a_while() -> None:
    as_known = remaining(750, 1500, elapsed=750 * PACKAGE_SECONDS, cores=1)
    half_as_fast = remaining(750, 1500, elapsed=750 * PACKAGE_SECONDS * 2, cores=1)
    assert 1.6 < half_as_fast / as_known < 2


def test_packages_in_the_build_cache_are_not_waited_for() -> None:
    assert remaining(0, 10, elapsed=0, cores=1) < LINK_SECONDS + 5
