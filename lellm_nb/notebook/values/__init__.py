"""Values as rows: short, safe, without secrets, and back from what a person typed."""
