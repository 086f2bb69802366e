"""A budget in seconds: steps end, also where libraries drop or change what ends them."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import matplotlib.pyplot as plt
import pytest

from fourfold.methods.supervised.budget import Budget


def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_a_step_that_has_time_changes_nothing():
    """Nothing is noted, errors are raised as they are, and the alarm of others goes on."""
    budget = Budget(60)
    with budget.step("quick"):
        busy(0.01)
    with pytest.raises(ZeroDivisionError), budget.step("wrong"):
        raise ZeroDivisionError
    assert budget.left_out == []
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_step_ends_and_its_figure_is_closed():
    """What comes after the slow line is not done."""
    budget, done = Budget(60), False
    plt.figure()
    with budget.step("a slow figure", seconds=0.2):
        busy(30)
        done = True
    assert not done
    assert budget.left_out == ["a slow figure (more than 0.2 s)"]
    assert not plt.get_fignums()


def test_an_error_that_compiled_code_makes_of_the_alarm_is_the_alarm():
    """Cython says of an interrupted buffer that its format is not valid."""
    budget = Budget(60)
    with budget.step("changed", seconds=0.1):
        try:
            busy(30)
        except BaseException:
            raise ValueError("no valid format") from None
    with budget.step("dropped", seconds=0.1), suppress(BaseException):
        busy(30)
    assert [text.split(" ")[0] for text in budget.left_out] == ["changed", "dropped"]


def test_without_a_limit_there_is_no_alarm():
    """None is as long as it takes; a budget that is used up leaves no time for a step."""
    with Budget(None).step("long"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    spent = Budget(0)
    with spent.step("late"):
        busy(30)
    assert spent.left_out
