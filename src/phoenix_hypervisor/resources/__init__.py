"""Nouns that several features need. They converge on any machine: the node, or a container."""
