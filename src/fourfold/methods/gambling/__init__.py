"""Games of chance: odds, players and the law of large numbers."""
