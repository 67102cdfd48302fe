"""How a command reaches a machine. The only place that quotes, and the only one that counts round trips."""
