"""How a search draws its settings, by Optuna."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fourfold.plan.search import Search, distributions
from fourfold.plan.spec import digest

if TYPE_CHECKING:
    from fourfold.run.search import Setting

Drawn = Mapping[str, Any]


class Tpe:
    """Draws settings by Optuna's tree-structured Parzen estimator, parameters together.

    What it draws depends on the settings so far and on nothing else. A setting whose runs are
    under way counts as a bad one, so that the next is another.

    Notes
    -----
    Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 24 (2011), section 4, in
    the multivariate form of Falkner et al., "BOHB", ICML (2018), section 3.2.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self._study: Any = None
        self._places: list[int] = []
        self._ended: set[int] = set()

    def __call__(self, settings: Sequence[Setting], attempt: int = 0) -> Drawn:
        """Return what to try after these settings."""
        from optuna.samplers import TPESampler

        self._study = study = self._study or _study(self.search)
        self._add(settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both options are experimental in Optuna 4
            seed = _number(self.search, settings, attempt)
            sampler = TPESampler(seed=seed, multivariate=True, constant_liar=True)
        return _asked(study, sampler, self.search)

    def _add(self, settings: Sequence[Setting]) -> None:
        from optuna.trial import TrialState, create_trial

        study: Any = self._study
        space = distributions(self.search)
        for number, each in enumerate(settings):
            if number == len(self._places):
                self._places.append(len(study.get_trials(deepcopy=False)))
                new: dict[str, Any] = {"params": dict(each.drawn), "distributions": space}
                study.add_trial(create_trial(state=TrialState.RUNNING, **new))
            if each.state != "open" and number not in self._ended:
                self._ended.add(number)
                failed = each.state == "failed"
                result = {"state": TrialState.FAIL} if failed else {"values": each.mean}
                study.tell(self._places[number], **result)


def at_random(search: Search, settings: Sequence[Setting], attempt: int = 0) -> Drawn:
    """Return a setting that is drawn at random.

    Parameters
    ----------
    search : Search
    settings : sequence of Setting
        Those so far.
    attempt : int
        From 0; another one gives another setting.
    """
    from optuna.samplers import RandomSampler

    return _asked(_study(search), RandomSampler(_number(search, settings, attempt)), search)


def _study(search: Search) -> Any:
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
    own: Any = search.direction
    return optuna.create_study(direction=own)


def _asked(study: Any, sampler: Any, search: Search) -> Drawn:
    from optuna.trial import TrialState

    study.sampler = sampler
    trial = study.ask(distributions(search))
    study.tell(trial, state=TrialState.FAIL)  # as if it had not been asked
    return dict(trial.params)


def _number(search: Search, settings: Sequence[Setting], attempt: int) -> int:
    return int(digest([search.seed, len(settings), attempt]), 16)
