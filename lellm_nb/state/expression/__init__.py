"""Conditions as text: one small expression language, read at the door and never run as Python."""
