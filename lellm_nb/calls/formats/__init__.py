"""What APIs of models mean: read from bytes when a call is looked at, never while it runs."""
