"""A run in a store or a file, and back."""
