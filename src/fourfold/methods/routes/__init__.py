"""Short routes through places: heuristics, Lin-Kernighan, and bounds that prove them."""
