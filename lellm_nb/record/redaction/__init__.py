"""What is secret, and how it is taken out of what is written (SEMANTICS C13)."""
