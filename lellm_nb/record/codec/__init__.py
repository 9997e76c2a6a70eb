"""Runs and values as bytes, and back: data only, nothing is ever run (SEMANTICS C9)."""
