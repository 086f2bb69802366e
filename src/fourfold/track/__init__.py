"""Runs in MLflow: results wait in a spool, and a process of its own sends them."""
