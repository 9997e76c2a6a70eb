"""What branches do elsewhere: at the top of a module, so that it can be sent."""

from __future__ import annotations

import os

import httpx


class Odd(Exception):
    """An error that can't be read again from its arguments."""

    def __init__(self, one, two):
        super().__init__(one)
        self.two = two


def work(ctx):
    """Do a bit of everything that has to come back."""
    print("works on", ctx.item)
    ctx.emit(f"chunk {ctx.item}")
    ctx.append("log", f"{ctx.path} {ctx.visit} {ctx.node}")
    ctx.set_token_cost(2)
    if ctx.item == "bad":
        raise ValueError("a bad item")
    if ctx.item == "odd":
        raise Odd("an odd item", 2)
    return {"item": ctx.item, "here": os.getpid() == ctx.state["home"], "n": ctx.state["n"]}


def ask(ctx):
    """Ask a server."""
    return httpx.get(ctx.state["url"], params={"q": ctx.item}).json()


def lets_go(ctx):
    """Return what can't be sent back."""
    return (letter for letter in "abc")
