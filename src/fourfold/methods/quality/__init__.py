"""Whether data meet their contract, and how they change."""
