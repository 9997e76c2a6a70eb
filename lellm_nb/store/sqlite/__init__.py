"""The SQLite file: its schema, its rows, and what its errors say."""
