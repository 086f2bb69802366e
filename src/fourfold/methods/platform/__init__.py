"""Choosing a platform by weighted criteria that nobody knows exactly."""
