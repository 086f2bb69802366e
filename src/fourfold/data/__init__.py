"""Where tables come from: sources, formats, contracts, and the YAML files that say so."""
