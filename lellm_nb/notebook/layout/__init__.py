"""Where the nodes of a graph stand in the picture."""
