"""Predict the rows of a CSV file with ONNX Runtime and numpy: python predict.py DATA.csv [OUT.csv].

The first line names the columns, separated by commas; UTF-8. An error ends with exit code 2, and
writes nothing. Written by ``fourfold export``; needs nothing of Fourfold.
"""

import csv
import hashlib
import json
import sys
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime

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
    """Return the session and the description of the model, which must belong together."""
    description = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    content = (HERE / "model.onnx").read_bytes()
    if hashlib.sha256(content).hexdigest() != description["files"]["model.onnx"]:
        raise SystemExit("model.onnx: refused, since it was changed after the model was kept")
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(content, providers=providers), description


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


def answers(outputs, description):
    """Return the columns of predictions: name to values."""
    if description["task"] != "classification":
        name = "cluster" if description["task"] == "clustering" else "predicted"
        return {name: outputs[0].reshape(-1)}
    classes, chances = description["classes"], outputs[-1]
    if len(classes) == 2:
        decided = (chances[:, 1] >= description["threshold"]).astype(int)
        return {"answer": [classes[each] for each in decided], "probability": chances[:, 1]}
    each = {f"probability {name}": chances[:, place] for place, name in enumerate(classes)}
    return {"answer": [classes[place] for place in chances.argmax(axis=1)], **each}


def main(data, out="predictions.csv"):
    """Predict a file, and write the predictions."""
    session, description = opened()
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
                results.append(answers(session.run(None, inputs), description))
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
