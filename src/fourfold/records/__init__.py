"""What a notebook found: metrics, claims and their verdicts, and the data behind its figures."""
