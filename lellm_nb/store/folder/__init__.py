"""The folder: a file of JSON lines for each run, and one for checkpoints."""
