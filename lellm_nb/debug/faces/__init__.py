"""What a debugger can be asked to do: each verb with its meaning, done elsewhere in one line."""
