"""How LangGraph is driven from a position, and what is heard of that."""
