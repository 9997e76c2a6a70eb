"""Containers as frames keep them, and as readers are given them."""
