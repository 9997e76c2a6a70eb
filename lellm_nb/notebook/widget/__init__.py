"""The panel as a widget, and all that touches a kernel or a front end."""
