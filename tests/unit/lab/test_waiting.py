import pytest

from lab.waiting import until


def test_returns_the_first_truthy_answer() -> None:
    answers = iter([None, False, "ready", "later"])
    assert until(lambda: next(answers), timeout=5, every=0) == "ready"


def test_an_exception_counts_as_not_yet() -> None:
    answers = iter([0, 5])
    assert until(lambda: 10 // next(answers), timeout=5, every=0) == 2


def test_names_what_was_waited_for_and_the_last_answer() -> None:
    with pytest.raises(TimeoutError, match=r"the bucket: not within 0 s; last: False"):
        until(lambda: False, timeout=0, what="the bucket")


def test_names_the_last_exception_and_keeps_it_as_the_cause() -> None:
    with pytest.raises(TimeoutError, match="ZeroDivisionError") as caught:
        until(lambda: 1 // 0, timeout=0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
