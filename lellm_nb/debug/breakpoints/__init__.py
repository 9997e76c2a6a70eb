"""The stops a user sets, and the looks that a run takes at them."""
