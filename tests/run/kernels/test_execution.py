"""What is saved while a notebook is executed, and how often."""

from __future__ import annotations

import nbformat
import pytest

from fourfold.run.kernels import execution
from fourfold.run.kernels.execution import Execution


class Clock:
    """Seconds that pass only when something takes time."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(("takes_s", "saves"), [(0.01, 20), (6.0, 2)])
def test_saves_take_a_tenth_of_the_time_at_most(monkeypatch, tmp_path, takes_s, saves):
    """A message every 10 ms for 100 s; a save that takes long leaves time for what is printed."""
    clock, written = Clock(), []
    monkeypatch.setattr(execution, "time", clock)
    made = Execution(nbformat.v4.new_notebook(), tmp_path / "a.ipynb")

    def write() -> None:
        written.append(clock.now)
        clock.now += takes_s

    monkeypatch.setattr(made, "write", write)
    while clock.now < 200:
        made.autosave_cell()
        clock.now += 0.01
    assert abs(len(written) - saves) <= 1
    made.save(force=True)
    assert written[-1] >= 200
