"""Every public record as JSON data, and back: what `lellm_nb.to_json` and `from_json` do."""
