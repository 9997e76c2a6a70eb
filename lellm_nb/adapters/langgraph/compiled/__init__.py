"""What a compiled graph says of itself: its nodes, its ways, what is inside, and whose code."""
