"""What can be established on a node or in a container: one module a feature, found by name. None imports another."""
