"""The calls of a run: taken down, served, stopped at, and what they may cost."""
