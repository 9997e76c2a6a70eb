"""A graph as a picture: what stands where, as text and as SVG."""
