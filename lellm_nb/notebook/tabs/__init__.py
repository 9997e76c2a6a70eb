"""What the inspector shows of a frame: one module a tab."""
