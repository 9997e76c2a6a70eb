"""The HTTP clients of this process, wrapped while calls are taken down (CALLS.md, K1)."""
