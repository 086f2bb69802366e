"""Runs compared: what a setting explains, and which is best."""
