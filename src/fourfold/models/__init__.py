"""A model that a notebook found: kept beside its run, described, and used on new rows."""
