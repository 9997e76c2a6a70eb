"""Questions to a history; nothing here moves a run."""
