"""The panel's module and style sheet, put together from ``static/``.

A widget's module reaches the browser as text without an address, so it cannot
import its neighbours by a relative name. The files stay plain ES modules, one
per part of the panel; here they become one module, each in a function of its
own so that their private names never meet.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).with_name("static")

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w-]+)\.js";\s*$', re.M)
_EXPORT = re.compile(r"^export\s+(?:async\s+)?(function\*?|const|class)\s+(\w+)", re.M)
_DEFAULT = re.compile(r"^export\s+default\s+", re.M)


class AssetError(Exception):
    """The files in ``static/`` cannot be put together."""


@cache
def module_text() -> str:
    """Return the whole panel as one ES module."""
    return put_together("main", {p.stem: p.read_text() for p in STATIC.glob("*.js")})


@cache
def style_text() -> str:
    """Return the panel's style sheet."""
    return "\n".join(p.read_text() for p in sorted(STATIC.glob("*.css")))


def put_together(main: str, files: dict[str, str]) -> str:
    """Return one module that does what `main` does with the files it imports.

    Understands ``import { a, b as c } from "./file.js";`` on one or several
    lines, ``export function | const | class``, and the default export of
    `main`.

    Raises:
        AssetError: A file is missing, or files import each other in a ring.

    Example:
        >>> print(put_together("m", {"m": "export default 1;"}))
        const $m = (() => {
        const $default = 1;
        return { $default };
        })();
        export default $m.$default;
    """
    parts: list[str] = []
    done: set[str] = set()

    def add(name: str, on_the_way: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in on_the_way:
            raise AssetError(f"Import ring: {' -> '.join((*on_the_way, name))}.")
        if name not in files:
            known = ", ".join(sorted(files))
            raise AssetError(f"There is no {name}.js; there are {known}.")
        for match in _IMPORT.finditer(files[name]):
            add(match[2], (*on_the_way, name))
        done.add(name)
        parts.append(_wrapped(name, files[name]))

    add(main, ())
    return "\n".join([*parts, f"export default {_local(main)}.$default;"])


def _wrapped(name: str, text: str) -> str:
    names = [match[2] for match in _EXPORT.finditer(text)]

    def brought_in(match: re.Match[str]) -> str:
        wanted = [part.strip() for part in match[1].split(",") if part.strip()]
        pairs = ", ".join(re.sub(r"\s+as\s+", ": ", part) for part in wanted)
        return f"const {{ {pairs} }} = {_local(match[2])};"

    body = _IMPORT.sub(brought_in, text)
    body, defaults = _DEFAULT.subn("const $default = ", body)
    body = re.sub(r"^export\s+", "", body, flags=re.M)
    if defaults:
        names.append("$default")
    given = f"return {{ {', '.join(names)} }};"
    return f"const {_local(name)} = (() => {{\n{body.rstrip()}\n{given}\n}})();"


def _local(name: str) -> str:
    return "$" + name.replace("-", "_")
