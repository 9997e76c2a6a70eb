"""Frames and lines as a user looks at them."""
