"""A recorded step as code: a cell, a test."""
