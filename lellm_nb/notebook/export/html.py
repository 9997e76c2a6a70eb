"""One HTML file with a whole history: no kernel, no network, nothing to install."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from html import escape
from typing import Any

from lellm_nb.graph.drawing.outline import outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.export.still import static_html
from lellm_nb.notebook.layout.layout import layout
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.redaction import redact_rows

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline' blob:; img-src data:">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; background: Canvas; color-scheme: light dark; }}
main {{ box-sizing: border-box; padding: 10px; height: 100%; }}
{style}
.lellm-nb {{ height: calc(100vh - 20px) !important; }}
noscript p {{ font-family: system-ui, sans-serif; padding: 20px; }}
</style>
<main id="here"><noscript>{still}
<p>With scripts on, this page can be scrubbed.</p></noscript></main>
<script type="{kind}" id="book">{book}</script>
<script type="module">
{module}
const told = document.getElementById("book");
const packed = () => Uint8Array.from(atob(told.textContent), (letter) => letter.charCodeAt(0));
const unpacked = () => new Blob([packed()]).stream().pipeThrough(new DecompressionStream("gzip"));
const small = told.type === "{plain}";
const book = small ? JSON.parse(told.textContent) : await new Response(unpacked()).json();
const model = $offline_model.bookModel(book);
$main.$default.render({{ model, el: document.getElementById("here") }});
</script>
</html>
"""


_PLAIN = "application/json"
_LONG = 3_000_000
"""Letters from which on the history is compressed: it opens as fast, and is a tenth as big."""


def page_text(debugger: DebuggerLike, module: str, style: str) -> str:
    """Return the whole history of `debugger` as one page.

    What a graph, a state, an output or an error holds is in the page as data
    inside JSON, and is shown as text; the page may load nothing from anywhere. A long
    history is compressed.

    Args:
        module: The panel's module, put together as one text.
        style: The panel's style sheet.

    Raises:
        ValueError: A line is too long for a file.
    """
    whole = outline(debugger.graph)
    drawing = layout(whole, whole.composites() if len(whole.nodes) <= 300 else set())
    updates = Updates(debugger)
    while updates.behind:
        updates.delta()
    updates.snapshot()
    book = data_text(redact_rows(debugger, book_of(debugger, drawing)))
    kind = _PLAIN
    if len(book) > _LONG:
        packed = gzip.compress(book.encode(errors="backslashreplace"), 6, mtime=0)
        kind, book = "application/gzip", b64encode(packed).decode()
    return _PAGE.format(
        kind=kind,
        plain=_PLAIN,
        title=escape(redact_rows(debugger, f"{debugger.name}: {debugger.status_line}")),
        style=style,
        still=static_html(debugger, whole, drawing, updates.statuses()),
        book=book,
        # The last line exports; an inline module has nobody to export to.
        module=module.rsplit("export default", 1)[0].replace("</", "<\\/"),
    )


def data_text(value: Any) -> str:
    """Return JSON that cannot end the element it stands in.

    Example:
        >>> data_text({"a": "</script><!--"})
        '{"a":"\\\\u003c/script\\\\u003e\\\\u003c!--"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    for sign, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return text
