"""LangGraph runs that are kept: what a store has of a position, and going on from that."""
