"""``python -m fourfold``: the command line where its script is not on the path."""

from fourfold.cli import main

main()
