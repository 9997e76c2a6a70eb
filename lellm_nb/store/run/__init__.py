"""One run in a store: written as it grows, and read again."""
