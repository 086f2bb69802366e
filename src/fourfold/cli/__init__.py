"""The commands: each writes the line out, one call a step."""
