"""Predict the rows of a CSV file with numpy: python predict.py DATA.csv [OUT.csv].

The first line names the columns, separated by commas; UTF-8. An error ends with exit code 2, and
writes nothing. Written by ``fourfold export``; needs nothing of Fourfold. A model that is no
arrays (model.onnx in place of model.npz) needs ONNX Runtime as well.
"""

import csv
import hashlib
import io
import json
import sys
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

import numpy as np

#: Of the model and model.json, as they were exported.
SHA256 = ""
HERE = Path(__file__).parent
ROWS = 10_000
MISSING = "missing"
#: What pandas takes for a missing value.
GONE = {
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
}
TRUTHS = {"true": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "0": 0.0, "0.0": 0.0}


class CellError(Exception):
    """A cell holds no value of its column."""


def near(word, known):
    """Return the nearest known name as a question."""
    nearest = get_close_matches(word, known, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def opened():
    """Return what computes scores of inputs, and the description of the model."""
    said = (HERE / "model.json").read_bytes()
    path = next(p for p in (HERE / "model.npz", HERE / "model.onnx") if p.exists())
    content = path.read_bytes()
    if hashlib.sha256(content + said).hexdigest() != SHA256:
        names = f"{path.name} or model.json"
        raise SystemExit(f"{names}: refused, since it was changed after it was exported")
    description = json.loads(said)
    if path.suffix == ".npz":
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return (lambda inputs: _by_arrays(arrays, inputs, description["columns"])), description
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return (lambda inputs: _by_session(session, inputs, description["task"])), description


def codes(levels):
    """Return the row of each level of a category, and of a missing one, in its table."""
    return {level: row for row, level in enumerate(dict.fromkeys([*levels, MISSING]))}


def _by_arrays(arrays, inputs, columns):
    texts = [column for column in columns if column["kind"] == "category"]
    numbers, categories = inputs.get("numbers"), inputs.get("categories")
    if numbers is None:
        numbers = np.empty((len(categories), 0))
    rows = []
    for place, column in enumerate(texts):
        known = codes(column["levels"])
        rows.append([known[text] for text in categories[:, place]])
    return computed(arrays, numbers, rows)


def _by_session(session, inputs, task):
    outputs = session.run(None, inputs)
    return outputs[-1] if task == "classification" else outputs[0].reshape(-1)


def computed(arrays, numbers, categories):
    """Return probabilities, shape (n, classes); or quantities or clusters, shape (n,).

    Parameters
    ----------
    arrays : dict
        Of the model.
    numbers : ndarray of shape (n, columns)
    categories : list of list of int
        Of each category, the rows of its table.
    """
    count = len(numbers)
    width = sum(arrays[f"table{n}"].shape[1] for n in range(len(categories)))
    prepared = np.empty((count, width + len(arrays.get("to", ()))))
    if "to" in arrays:
        given = numbers[:, arrays["source"]]
        gone = np.isnan(given)
        flags = arrays["flag"] == 1
        given = np.where(flags, gone, np.where(gone, arrays["median"], given))
        prepared[:, arrays["to"]] = (given - arrays["mean"]) / arrays["scale"]
    for number, rows in enumerate(categories):
        prepared[:, arrays[f"at{number}"]] = arrays[f"table{number}"][rows]
    if "centers" in arrays:
        apart = [((prepared - center) ** 2).sum(axis=1) for center in arrays["centers"]]
        return np.argmin(apart, axis=0)
    if "coef" in arrays:
        raw = prepared @ arrays["coef"] + arrays["base"]
    else:
        raw = _by_trees(arrays, prepared)
    link = str(arrays["link"])
    if link == "logistic":
        with np.errstate(over="ignore"):
            chance = 1.0 / (1.0 + np.exp(-raw[:, 0]))
        return np.column_stack([1.0 - chance, chance])
    if link == "softmax":
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        return raw / raw.sum(axis=1, keepdims=True)
    return raw[:, 0] if raw.shape[1] == 1 else raw


def _by_trees(arrays, prepared):
    """Return the sums of what the leaves say that each row comes to."""
    if arrays["single"]:
        prepared = prepared.astype(np.float32)  # as scikit-learn's forests compare
    raw = np.tile(arrays["base"].astype(float), (len(prepared), 1))
    every = np.arange(len(prepared))
    for root in arrays["roots"]:
        node = np.full(len(prepared), root)
        while True:
            less = prepared[every, arrays["feature"][node]] <= arrays["threshold"][node]
            after = np.where(less, arrays["left"][node], arrays["right"][node])
            if (after == node).all():
                break
            node = after
        raw += arrays["values"][node]
    return raw


def value(text, column, complete=False):
    """Return the feature of one cell.

    Parameters
    ----------
    text : str
    column : dict
        As ``model.json`` describes it.
    complete : bool
        Whether a value must be there.

    Raises
    ------
    CellError
        If the cell does not hold what the column asks for.
    """
    text = "" if text in GONE else text
    kind = column["kind"]
    if kind == "category":
        if text and text not in column["levels"]:
            raise CellError(f"unknown level {text!r}.{near(text, column['levels'])}")
        return text or MISSING
    if not text and complete:
        raise CellError("expected a number, got none")
    if not text:
        return np.nan
    if kind == "yes/no":
        if text.lower() not in TRUTHS:
            raise CellError(f"expected true, false, 1 or 0, got {text!r}")
        return TRUTHS[text.lower()]
    if kind == "date":
        if len(column["origin"]) > 19:
            raise CellError("dates with an offset from UTC are read by fourfold predict only")
        days = np.datetime64(text, "us") - np.datetime64(column["origin"], "us")
        return days / np.timedelta64(1, "D")
    try:
        number = float(text)
    except ValueError:
        raise CellError(f"expected a number, got {text!r}") from None
    return number if np.isfinite(number) else np.nan


def features(rows, columns, first, complete):
    """Return the inputs of the model for some rows, and the problems of these rows.

    Parameters
    ----------
    rows : list of dict
        Texts by column.
    columns : list of dict
    first : int
        The number of the first row.
    complete : bool
        Whether each row needs all values.
    """
    made, problems = {"numbers": [], "categories": []}, []
    for column in columns:
        values = []
        for place, row in enumerate(rows):
            try:
                values.append(value(row[column["name"]] or "", column, complete))
            except CellError as error:
                problems.append(f"row {first + place}: column {column['name']!r}: {error}")
        made["categories" if column["kind"] == "category" else "numbers"].append(values)
    if problems:
        return {}, problems
    kinds = {"numbers": np.float64, "categories": object}
    return {name: np.array(made[name], dtype=kinds[name]).T for name in made if made[name]}, []


def answers(scores, description):
    """Return the columns of predictions: name to values."""
    if description["task"] != "classification":
        name = "cluster" if description["task"] == "clustering" else "predicted"
        return {name: scores}
    classes, chances = description["classes"], scores
    if len(classes) == 2:
        decided = (chances[:, 1] >= description["threshold"]).astype(int)
        return {"answer": [classes[each] for each in decided], "probability": chances[:, 1]}
    each = {f"probability {name}": chances[:, place] for place, name in enumerate(classes)}
    return {"answer": [classes[place] for place in chances.argmax(axis=1)], **each}


def main(data, out="predictions.csv"):
    """Predict a file, and write the predictions."""
    scores_of, description = opened()
    columns, results, problems, first = description["columns"], [], [], 1
    complete = description["task"] == "clustering"  # distances need all numbers
    with open(data, encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        names = [column["name"] for column in columns]
        for name in names:
            if name not in (table.fieldnames or []):
                spare = [each for each in table.fieldnames or [] if each not in names]
                problems.append(f"expected a column {name!r}, got none.{near(name, spare)}")
        while not (problems and first == 1) and (rows := list(islice(table, ROWS))):
            inputs, wrong = features(rows, columns, first, complete)
            problems += wrong
            if not problems:
                results.append(answers(scores_of(inputs), description))
            first += len(rows)
    if problems:
        more = [f"and {len(problems) - 10} other problems"] if len(problems) > 10 else []
        print("\n".join(f"{data}: {line}" for line in problems[:10] + more), file=sys.stderr)
        raise SystemExit(2)
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer, row = csv.writer(file), 0
        writer.writerow(["row", *(results[0] if results else [])])
        for part in results:
            for line in zip(*part.values(), strict=True):
                row += 1
                writer.writerow([row, *line])
    print(f"{row} rows predicted; {out}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("python predict.py DATA.csv [OUT.csv]")
    main(*sys.argv[1:])
