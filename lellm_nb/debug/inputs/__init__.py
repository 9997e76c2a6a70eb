"""What a person gives to a run: outcomes that are fixed, writes on the way."""
