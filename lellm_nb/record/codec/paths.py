"""Paths of files as JSON data, of this system and of the other kind."""

from __future__ import annotations

import pathlib
from typing import Any

__all__ = ["path_form", "read_path", "read_pure_path"]


def path_form(value: pathlib.PurePath) -> list[str]:
    """Return a path as JSON data."""
    return ["windows" if isinstance(value, pathlib.PureWindowsPath) else "posix", str(value)]


def read_path(content: Any) -> pathlib.PurePath:
    """Return a path; one of the other kind of system can only be looked at."""
    flavour, text = content
    if not isinstance(text, str):
        raise TypeError("a path is text")
    here = "windows" if isinstance(pathlib.Path(), pathlib.PureWindowsPath) else "posix"
    if flavour == here:
        return pathlib.Path(text)
    if flavour == "windows":
        return pathlib.PureWindowsPath(text)
    return pathlib.PurePosixPath(text)


def read_pure_path(content: Any) -> pathlib.PurePath:
    """Return a path that is never used as one."""
    flavour, text = content
    return (pathlib.PureWindowsPath if flavour == "windows" else pathlib.PurePosixPath)(text)
