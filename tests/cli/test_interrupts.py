"""Ctrl-C and SIGTERM: where they are raised, what they leave, and which exit code they give."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from spectral_core.cli import interrupts
from spectral_core.cli.interrupts import Interrupted
from spectral_core.errors import BackendError

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Both signals as in a terminal; a background job ignores the first."""
    before = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGALRM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_raised_at_the_next_safe_place(number: signal.Signals) -> None:
    reached = []

    def work() -> None:
        with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places() as check:
            check()
            signal.raise_signal(number)
            reached.append("after the signal")
            check()
            reached.append("after the safe place")

    with pytest.raises(Interrupted) as stop:
        work()
    assert reached == ["after the signal"]
    assert stop.value.exit_code == 128 + number


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_is_raised_at_once(number: signal.Signals) -> None:

    def work() -> None:
        with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(number)
            pytest.fail("the second signal was not raised")

    with pytest.raises(Interrupted):
        work()


@pytest.mark.parametrize("number", SIGNALS)
def test_work_without_a_safe_place_ends_when_patience_is_lost(number: signal.Signals) -> None:
    """The alarm is sent here, so that the test does not wait for it."""

    def work() -> None:
        with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places():
            signal.raise_signal(number)
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
            signal.raise_signal(signal.SIGALRM)
            pytest.fail("the alarm did nothing")

    with pytest.raises(Interrupted) as stop:
        work()
    assert stop.value.number == number
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_signal_in_the_last_step_counts() -> None:
    with pytest.raises(Interrupted), interrupts.at_safe_places():
        signal.raise_signal(signal.SIGINT)


def test_an_error_that_the_signal_caused_is_an_interrupt() -> None:
    """A service manager ends the workers too, and then a worker process died."""

    def work() -> None:
        with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places():
            signal.raise_signal(signal.SIGTERM)
            raise BackendError("a worker process died")

    with pytest.raises(Interrupted) as stop:
        work()
    assert stop.value.exit_code == 143
    with pytest.raises(BackendError), interrupts.at_safe_places():
        raise BackendError("a worker process died")


@pytest.mark.parametrize("number", SIGNALS)
def test_handlers_are_what_they_were(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (*SIGNALS, signal.SIGALRM)}

    def work() -> None:
        with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places() as check:
            signal.raise_signal(number)
            check()

    with pytest.raises(Interrupted):
        work()
    assert {one: signal.getsignal(one) for one in before} == before


@pytest.mark.parametrize("number", SIGNALS)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    """As in a background job, and under nohup."""
    signal.signal(number, signal.SIG_IGN)
    with interrupts.sigterm_as_interrupt(), interrupts.at_safe_places() as check:
        signal.raise_signal(number)
        check()
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted(signal.SIGTERM)])
def test_whether_a_state_is_kept_is_told(tmp_path: Path, error: KeyboardInterrupt, kept: bool) -> None:
    if kept:
        (tmp_path / "state.0").touch()
    (tmp_path / "stately").touch()
    with pytest.raises(Interrupted) as stop, interrupts.resumable(tmp_path / "state"):
        raise error
    assert stop.value.kept == kept
    assert stop.value.exit_code == (143 if isinstance(error, Interrupted) else 130)
