"""Groups in data: how many, how stable, and whether there are any."""
