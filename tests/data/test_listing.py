"""Which files a folder or a glob means."""

from __future__ import annotations

import pytest

from fourfold.data.listing import files_below, matches

LEFT_BEHIND = (
    *(".a.yaml", "._a.yaml", ".#a.yaml", "#a.yaml#", "a.yaml~", "~$a.yaml", ".a.yaml.swp"),
    *(".ipynb_checkpoints/a-checkpoint.yaml", "sub/.git/a.yaml", ".~lock.a.yaml#", "sub/~$b.yaml"),
)


@pytest.fixture
def folder(tmp_path):
    """A folder with two files that are meant, and what editors and systems leave."""
    for name in ("a.yaml", "sub/b.yaml", *LEFT_BEHIND):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x: 1\n")
    (tmp_path / ".#gone.yaml").symlink_to("me@host.1234")
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")
    return tmp_path


def names(files, folder):
    return [file.relative_to(folder).as_posix() for file in files]


def test_what_editors_and_systems_leave_is_not_meant(folder):
    """Hidden files, checkpoints, locks, backups, links to nothing."""
    assert names(files_below(folder), folder) == ["a.yaml", "sub/b.yaml"]
    assert names(matches("**/*.yaml", folder), folder) == ["a.yaml", "sub/b.yaml"]
    assert names(matches("*.yaml*", folder), folder) == ["a.yaml"]


def test_a_pattern_that_is_written_so_means_them(folder):
    """As in a shell."""
    assert names(matches("._*.yaml", folder), folder) == ["._a.yaml"]
    assert names(matches(".ipynb_checkpoints/*", folder), folder) == [LEFT_BEHIND[7]]
    assert names(matches("*.yaml~", folder), folder) == ["a.yaml~"]


def test_linked_folders_are_read_and_each_file_once(folder, tmp_path_factory):
    """Links to elsewhere, to itself, to a parent, to one another, and two to the same."""
    other = tmp_path_factory.mktemp("other")
    (other / "c.yaml").write_text("x: 1\n")
    for link, target in (
        *(("team", other), ("team2", other), ("sub/up", folder), ("sub/self", folder / "sub")),
        *(("again.yaml", folder / "a.yaml"), ("0first", folder / "sub")),
    ):
        (folder / link).symlink_to(target)
    (other / "back").symlink_to(folder)
    expected = ["a.yaml", "sub/b.yaml", "team/c.yaml"]
    assert names(files_below(folder), folder) == expected
    assert names(matches("**/*.yaml", folder), folder) == expected
    assert names(matches("team2/*.yaml", folder), folder) == ["team2/c.yaml"]


@pytest.mark.parametrize(
    "pattern", ["**x", "a/**b/c", "*\0", "x" * 5000 + "*", "[", "**", "*/" * 600, ""]
)
def test_a_text_that_is_no_glob_matches_nothing(folder, pattern):
    """Any parameter is asked for, whatever it holds."""
    assert matches(pattern, folder) == []


def test_patterns_match_as_in_a_shell(folder):
    """Folders inside, one level, sets of characters."""
    assert names(matches("sub/*", folder), folder) == ["sub/b.yaml"]
    assert names(matches("s*/**/[ab].yaml", folder), folder) == ["sub/b.yaml"]
    assert names(matches("sub/b.yaml", folder), folder) == ["sub/b.yaml"]
    assert matches("sub", folder) == []
