"""The code that a graph was built of: where it stands, what it is called, what is new of it."""
