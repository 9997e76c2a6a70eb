"""The run as small plain rows, and what changed in them."""
