"""Branches that run side by side: what becomes of them."""
