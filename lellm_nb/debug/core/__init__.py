"""What every verb stands on: commands, stops, and who is told."""
