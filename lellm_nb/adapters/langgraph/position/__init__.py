"""Where a run over a compiled graph stands: its levels, and how they are read."""
