"""What a user may call a thing, and what was probably meant."""
