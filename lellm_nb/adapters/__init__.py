"""Engines of other libraries behind the session protocol; each is loaded when it is used."""
