"""``pct`` of the simulated node: one file per family of verbs."""
