"""The history in a file: a page for a browser, a picture for a saved notebook."""
