"""What stops the lab: one line that says what, and what to do."""


class Failed(Exception):
    """Told to the user as it is; exit code 2."""
