"""What lellm_nb and its peers cost. `python -m benchmarks` prints the table; see README.md."""
