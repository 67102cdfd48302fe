"""Walks a plan: in parallel, under locks, with every event told."""
