"""What a graph looks like, whoever has built it."""
