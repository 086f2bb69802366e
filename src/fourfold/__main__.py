"""``python -m fourfold``: the command line, and two entries that other programs have stored.

Notebooks call ``install``, which runs before anything but pip is there; git calls
``clean --filter`` for each file that it adds. Neither names a module, so that modules may move.
"""

import sys


def command() -> None:
    """Run the command line; Ctrl-C says so in one line, also while it is still being loaded."""
    try:
        _command()
    except KeyboardInterrupt:
        print("stopped; no run was under way", file=sys.stderr)
        raise SystemExit(130) from None


def _command() -> None:
    match sys.argv[1:]:
        case ["install", *extras]:
            from fourfold.author.install import install

            install("fourfold", extras)
        case ["clean", "--filter", *paths]:
            from fourfold.author.clean import filter_stdin

            filter_stdin(*paths)
        case _:
            from fourfold.cli.main import main

            main()


if __name__ == "__main__":
    command()
