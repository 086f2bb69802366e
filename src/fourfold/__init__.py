"""Four-section notebooks, run many-fold."""
