"""Telling the world what a run does: sinks, and a stream of events."""
