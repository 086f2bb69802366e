"""Causes of failures: equal for runs that failed for the same reason, apart for others."""

from dataclasses import replace

import pytest

from fourfold.records.record import RunRecord, cause

WELL = RunRecord("trees", "depth=1", "trees", "ok", {}, [], "2026-11-27T04:00:00", 1.0)


def failed(error: str, message: str, status: str = "failed") -> RunRecord:
    return replace(WELL, status=status, error={"error": error, "message": message})


@pytest.mark.parametrize(
    ("error", "message", "expected"),
    [
        ("ValueError", "singular", "ValueError: singular"),
        ("ValueError", "", "ValueError"),
        ("ValueError", "row 17 of 2,000\nand a second line", "ValueError: row … of …"),
        ("ValueError", "shape (0, 4) at -1.5e-3", "ValueError: shape (…, …) at …"),
        ("OSError", "[Errno 28] No space left on device", None),
        ("OSError", "[Errno 2] No such file: '/a b/c 1.csv'", "OSError: [Errno 2] No such file: …"),
        ("DataError", "data/2024/may.csv: no rows", "DataError: …: no rows"),
        ("OSError", "Input/output error and/or none", None),
        ("KeyError", "'petal_widht_cm'", None),
        ("KeyError", "x1 and depth=3", "KeyError: x1 and depth=…"),
        ("TypeError", "<Model at 0x7f3A01>", "TypeError: <Model at …>"),
        ("Error", "job 0f8fad5b-d9cb-469f-a165-70867728950e", "Error: job …"),
        ("Error", "defaced façade of decades", None),
        ("OutOfMemory", "killed: out of memory, with a peak of 5 MB", "killed: out of memory"),
        ("KernelDied", "the kernel died: SIGSEGV", None),
        ("Timeout", "the run may take 60 s", "Timeout: the run may take … s"),
    ],
)
def test_what_a_message_says_of_one_run_is_left_out(error, message, expected):
    """Numbers, paths and ids go; names of columns and of errors stay, whole."""
    assert cause(failed(error, message)) == (expected or f"{error}: {message}")


def test_a_run_that_ended_well_has_none():
    """Without an error there is no cause, unless a status says that it did not end well."""
    assert cause(WELL) == ""
    assert cause(replace(WELL, status="cancelled")) == "cancelled"


def test_a_long_message_is_cut():
    """A cause is a title for many runs, not a message."""
    assert len(cause(failed("ValueError", "long " * 100))) == 160
