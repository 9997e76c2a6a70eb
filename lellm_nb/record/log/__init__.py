"""What stands in a mutation log: forms of mutations, and the entries as a list."""
