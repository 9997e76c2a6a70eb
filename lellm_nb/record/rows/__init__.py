"""What a frame is as a row of numbers and text."""
