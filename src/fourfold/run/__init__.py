"""From runs to records: what must run, in which order, and the notebook that comes of it."""
