"""What differs: between values, states, texts and lines."""
