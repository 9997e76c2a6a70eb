"""The history of a debugger as a file that any browser opens."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.export.html import page_text
from lellm_nb.notebook.widget.assets import module_text, style_text
from lellm_nb.private_file import written_whole


def export_html(debugger: DebuggerLike, path: str | PathLike[str]) -> Path:
    """Write the whole history of `debugger` as one page and return where it was written.

    Raises:
        ValueError: A line is too long for a file.
    """
    page = page_text(debugger, module_text(), style_text())
    target = Path(path)
    # A lone surrogate has no bytes; as an escape inside JSON it is still itself.
    with written_whole(target) as file:
        file.write(page.encode(errors="backslashreplace"))
    return target
