"""Where tables come from: sources, formats, contracts, and the YAML files that say so."""

import csv

# Cells of a table may be long texts; the limit of Python's reader is 131,072 characters.
csv.field_size_limit(2**31 - 1)
