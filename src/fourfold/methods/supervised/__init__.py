"""Predicting a column: candidates, their evaluation, thresholds and leaks."""
