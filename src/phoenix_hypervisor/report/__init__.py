"""Plans, events and graphs as text, JSON and pictures: pure functions of values."""
