"""Who decides: the person at the keyboard, or a rule that was made beforehand."""
