"""What each verb does to a run."""
