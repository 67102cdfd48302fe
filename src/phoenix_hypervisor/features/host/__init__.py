"""Features of the node itself."""
