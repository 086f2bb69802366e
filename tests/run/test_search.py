"""The course of a search: what it tries, stops and confirms, without any notebook."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest

from fourfold.plan.search import Search, setting
from fourfold.plan.spec import canonical
from fourfold.run.journal import Journal
from fourfold.run.search import Race, Try, carry_out, interval

OVER = {
    "x": {"low": 0.0, "high": 1.0},
    "rate": {"low": 1, "high": 1000, "log": True},
    "mode": ["a", "b", "c"],
    "sets": [[1, 2], [3]],
}
SEARCH = Search("m", "maximize", OVER, trials=14, repeat="seed", repeats=5, confirm=6)


def score(values) -> float:
    """A smooth function with noise that depends on all values, best at x 0.3 and mode b."""
    noise = random.Random(canonical(values)).gauss(0, 0.03)
    return -((values["x"] - 0.3) ** 2) + 0.3 * (values["mode"] == "b") + noise


def course(race) -> list:
    return [(race.values(run), race.settings[run.setting].state) for run in race.tries]


def scripted(search, scores, **options):
    """A search over a list whose results are given: the values of a setting, by its repeats."""
    race = carry_out(
        Race(search, **options), lambda own: (scores[own["k"]] + [None] * 4)[own["seed"]]
    )
    return {each.values["k"]: each for each in race.settings}, race


def listed(**changes):
    base = Search("m", "maximize", {"k": [1, 2, 3]}, 3, repeat="seed", repeats=5, at_once=1)
    return replace(base, **changes)


def test_a_search_ends_with_a_winner_confirmed_on_fresh_values():
    """All settings are different, and no fresh value of the seed was used before."""
    race = carry_out(Race(SEARCH), score)
    assert race.ended
    assert len({canonical(each.values) for each in race.settings}) == 14
    assert race.best.mean == max(each.mean for each in race.settings if each.state == "done")
    fresh = [race.values(run) for run in race.tries[-6:]]
    assert [own["seed"] for own in fresh] == [5, 6, 7, 8, 9, 10]
    assert race.best.fresh == [score(own) for own in fresh]
    assert race.optimism == pytest.approx(race.best.mean - sum(race.best.fresh) / 6)
    assert race.left == 0


def test_values_are_of_their_lists_and_ranges():
    """Lists by their items, of any kind; ranges of whole numbers whole, floats in six digits."""
    for each in carry_out(Race(SEARCH), score).settings:
        assert 0 <= each.values["x"] <= 1
        assert each.values["x"] == float(f"{each.values['x']:.6g}")
        assert type(each.values["rate"]) is int
        assert each.values["mode"] in OVER["mode"]
        assert each.values["sets"] in OVER["sets"]


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_search_does_better_than_its_start(direction):
    """What it tries late is nearer to the best than what it tries first, at random."""
    search = replace(SEARCH, direction=direction, trials=40, repeats=3, over={"x": OVER["x"]})
    sign = 1 if direction == "maximize" else -1
    race = carry_out(Race(search), lambda own: -sign * (own["x"] - 0.3) ** 2)
    away = [abs(each.values["x"] - 0.3) for each in race.settings]
    assert sum(away[-10:]) < sum(away[:10]) / 2
    assert abs(race.best.values["x"] - 0.3) < 0.05


def test_results_in_another_order_give_the_same_search():
    """As workers end their runs in any order: what is tried next does not depend on it."""

    def shuffled(seed):
        race, rng = Race(SEARCH), random.Random(seed)
        runs = race.due()
        while runs:
            run = runs.pop(rng.randrange(len(runs)))
            runs += race.tell(run, score(race.values(run)))
        return race

    assert course(shuffled(1)) == course(shuffled(2)) == course(carry_out(Race(SEARCH), score))


@pytest.mark.parametrize("after", [0, 1, 9, 30, 50])
def test_a_search_that_was_killed_goes_on_as_if_it_had_not(tmp_path, after):
    """From its journal and the results that are there; nothing is evaluated twice."""
    path, results = tmp_path / "j", {}

    def evaluate(own, most=math.inf):
        if canonical(own) not in results:
            if len(results) == most:
                raise KeyboardInterrupt
            results[canonical(own)] = score(own)
        return results[canonical(own)]

    with pytest.raises(KeyboardInterrupt):
        carry_out(Race(SEARCH, Journal(path, "a")), lambda own: evaluate(own, after))
    race = carry_out(Race(SEARCH, Journal(path, "a")), evaluate)
    assert course(race) == course(carry_out(Race(SEARCH), score))
    assert len(results) == len(race.tries)


def test_more_trials_go_on_and_change_nothing_before(tmp_path):
    """The runs of the first settings are those that they were."""
    path = tmp_path / "j"
    first = carry_out(Race(SEARCH, Journal(path, "a")), score)
    more = carry_out(Race(replace(SEARCH, trials=20), Journal(path, "a")), score)
    assert len(more.settings) == 20
    assert more.settings[:14] == [replace(e, fresh=m.fresh) for e, m in zip(first.settings, more.settings, strict=False)]  # fmt: skip


def test_a_line_that_was_cut_is_none(tmp_path):
    """A journal whose last line was being written when the machine stopped is read up to there."""
    path = tmp_path / "j"
    carry_out(Race(SEARCH, Journal(path, "a")), score)
    text = path.read_text()
    path.write_text(text + '{"drawn": {"x": 0.')
    assert len(Journal(path, "a").drawn) == 14
    carry_out(Race(replace(SEARCH, trials=15), Journal(path, "a")), score)
    assert path.read_text().startswith(text)
    assert [json.loads(line) for line in path.read_text().splitlines()]


def test_the_journal_of_another_search_counts_for_nothing(tmp_path):
    """It is replaced by the first line of the new one."""
    path = tmp_path / "j"
    carry_out(Race(SEARCH, Journal(path, "a")), score)
    assert Journal(path, "b").drawn == []
    Journal(path, "b").draw({"x": 0.5})
    assert Journal(path, "a").drawn == []
    assert Journal(path, "b").drawn == [{"x": 0.5}]


def test_a_setting_is_stopped_when_its_interval_is_wholly_worse():
    """By hand: 0.1 ± 0.025 lies below 0.5 ± 0.012, and 0.4 ± 0.66 does not."""
    scores = {
        1: [0.5, 0.51, 0.49, 0.5, 0.5],
        2: [0.1, 0.11, 0.09, 9, 9],
        3: [0.1, 0.4, 0.7, 0.4, 0.4],
    }
    given = iter([{"k": 0}, {"k": 1}, {"k": 2}])
    settings, race = scripted(listed(), scores, propose=lambda *_: next(given))
    assert [settings[k].state for k in (1, 2, 3)] == ["done", "stopped", "done"]
    assert settings[2].scores == [0.1, 0.11, 0.09]
    assert race.best is settings[1]
    low, high = interval(settings[2].scores)[1:]
    assert (low, high) == (pytest.approx(0.0752, abs=1e-4), pytest.approx(0.1248, abs=1e-4))


def test_less_is_better_if_the_search_minimizes():
    """The same results, the other way round."""
    scores = {1: [0.5, 0.51, 0.49, 9, 9], 2: [0.1, 0.11, 0.09, 0.1, 0.1], 3: [0.1, 0.4, 0.7, 9, 9]}
    given = iter([{"k": 1}, {"k": 0}, {"k": 2}])
    search = listed(direction="minimize")
    settings, race = scripted(search, scores, propose=lambda *_: next(given))
    assert settings[1].state == "stopped"
    assert race.best is settings[2]


def test_a_setting_whose_run_failed_is_out():
    """It is neither the best nor tried again; a result that is no number is a failure too."""
    scores = {1: [9, 9, None], 2: [1] * 5, 3: [9, 9, 9, math.nan], 4: [10**400]}
    search = listed(over={"k": [1, 2, 3, 4]}, trials=4)
    settings, race = scripted(search, scores)
    states = {k: each.state for k, each in settings.items()}
    assert states == {1: "failed", 2: "done", 3: "failed", 4: "failed"}
    assert race.best is settings[2]


def test_a_search_of_which_all_fails_has_no_winner():
    """It ends all the same."""
    race = carry_out(Race(SEARCH), lambda own: None)
    assert race.ended
    assert race.best is None
    assert race.optimism is None


def test_all_of_few_settings_are_tried_once():
    """However many trials there may be."""
    search = Search("m", "maximize", {"a": [1, 2, 3], "b": {"low": 1, "high": 4}}, trials=99)
    race = carry_out(Race(search), lambda own: own["a"] * own["b"])
    assert len(race.settings) == len(race.tries) == 12
    assert race.best.values == {"a": 3, "b": 4}


def test_a_search_ends_after_its_hours():
    """No setting begins then; those that are open are ended, and the winner is confirmed."""
    journal = Journal()
    race = Race(replace(SEARCH, trials=None, hours=1.0), journal)

    def evaluate(own):
        journal.spend(240)
        return score(own)

    carry_out(race, evaluate)
    assert race.ended
    assert len(race.best.fresh) == 6
    assert 4 <= len(race.settings) <= 8
    assert 3600 <= journal.spent_s < 3600 + 240 * 40


def test_as_many_runs_are_under_way_as_may_be():
    """Settings begin as long as there is room, each with three runs."""
    assert len(Race(replace(SEARCH, at_once=8)).due()) == 9
    assert Race(replace(SEARCH, at_once=1)).due() == [Try(0, 0), Try(0, 1), Try(0, 2)]


def test_lists_are_drawn_by_their_place():
    """Optuna takes neither lists nor two values that Python calls equal."""
    search = Search("m", "maximize", {"a": [True, 1, 1.0, [1], "x"]}, trials=5)
    tried = [setting(search, {"a": place})["a"] for place in range(5)]
    assert list(map(repr, tried)) == ["True", "1", "1.0", "[1]", "'x'"]
