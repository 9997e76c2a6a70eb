"""Performing a node: once, patiently, or elsewhere."""
