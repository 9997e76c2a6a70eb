"""Objects that hold their data in named attributes: what a typed state and its parts are."""
