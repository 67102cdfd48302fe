"""Features inside containers."""
