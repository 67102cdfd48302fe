"""The container itself: what the node has of it, and the commands that create, clone, configure and snapshot it."""
