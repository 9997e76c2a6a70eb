"""What is known of a run's past: captured frames as a history that can be gone on with."""
