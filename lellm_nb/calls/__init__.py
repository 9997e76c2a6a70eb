"""Calls: what a node sends to models and tools, recorded at the wire and served again."""
