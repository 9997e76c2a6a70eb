"""The panel's module and style sheet, put together from ``static/``.

A widget's module reaches the browser as text without an address, so it cannot
import its neighbours by a relative name. The files stay plain ES modules, one
per part of the panel; here they become one module, each in a function of its
own so that their private names never meet.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.[\w./-]+)\.js";\s*$', re.M)
_EXPORT = re.compile(r"^export\s+(?:async\s+)?(function\*?|const|class)\s+(\w+)", re.M)
_DEFAULT = re.compile(r"^export\s+default\s+", re.M)


class AssetError(Exception):
    """The files in ``static/`` cannot be put together."""


@cache
def module_text() -> str:
    """Return the whole panel as one ES module."""
    files = {
        path.relative_to(STATIC).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in STATIC.rglob("*.js")
    }
    return put_together("main", files)


@cache
def style_text() -> str:
    """Return the panel's style sheet."""
    sheets = sorted(STATIC.rglob("*.css"), key=_cascade)
    return "\n".join(path.read_text(encoding="utf-8") for path in sheets)


def _cascade(path: Path) -> tuple[int, str]:
    """Where a sheet stands: the ground first, and what narrow pages change last of all."""
    return {"base": 0, "widths": 2}.get(path.stem, 1), path.relative_to(STATIC).as_posix()


def put_together(main: str, files: dict[str, str]) -> str:
    """Return one module that does what `main` does with the files it imports.

    Understands ``import { a, b as c } from "../folder/file.js";`` on one or
    several lines, ``export function | const | class``, and the default export
    of `main`.

    Args:
        main: The name of the file to begin with.
        files: The text of each file by its path without ``.js``, such as ``core/dom``.

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
            add(_beside(name, match[2]), (*on_the_way, name))
        done.add(name)
        parts.append(_wrapped(name, files[name]))

    add(main, ())
    return "\n".join([*parts, f"export default {_local(main)}.$default;"])


def _wrapped(name: str, text: str) -> str:
    names = [match[2] for match in _EXPORT.finditer(text)]

    def brought_in(match: re.Match[str]) -> str:
        wanted = [part.strip() for part in match[1].split(",") if part.strip()]
        pairs = ", ".join(re.sub(r"\s+as\s+", ": ", part) for part in wanted)
        return f"const {{ {pairs} }} = {_local(_beside(name, match[2]))};"

    body = _IMPORT.sub(brought_in, text)
    body, defaults = _DEFAULT.subn("const $default = ", body)
    body = re.sub(r"^export\s+", "", body, flags=re.M)
    if defaults:
        names.append("$default")
    given = f"return {{ {', '.join(names)} }};"
    return f"const {_local(name)} = (() => {{\n{body.rstrip()}\n{given}\n}})();"


def _beside(name: str, wanted: str) -> str:
    """Return the path of what a file imports by a path from its own folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))


def _local(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name)
