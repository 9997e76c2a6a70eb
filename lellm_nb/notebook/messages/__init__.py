"""What a view sends: commands for the debugger, commands for the view, questions."""
