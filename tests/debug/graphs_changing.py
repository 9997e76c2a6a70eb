"""Nodes that the tests of changing a run share."""

from __future__ import annotations


def named(name, value):
    def node(ctx):
        return {name: value}

    node.__name__ = name
    return node


def fails(ctx):
    raise ValueError("no")
