"""Questions to the history: looking only, and possible while a run is going on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.address import Address
from lellm_nb.debug.changes import change_table
from lellm_nb.debug.looking import Looking
from lellm_nb.debug.reading import kept_items
from lellm_nb.debug.tracing import who_wrote
from lellm_nb.debug.who import Writes

if TYPE_CHECKING:
    import pandas

__all__ = ["Asking"]


class Asking(Looking):
    """``who, history, why, find, evaluate, bisect, loops, timing``."""

    def who(self, path: Any) -> Writes:
        """Return which steps wrote a value on the way to the head, newest first.

        What a subgraph or a parallel brought out leads on to the steps inside that made it,
        through lenses, reducers and merges. Edits and decisions are writers as well.

        Args:
            path: A key of the root state, a path tuple into it, or either with a level before
                it: ``"agent:key"`` for every entry of ``agent``, ``"agent#2:key"`` for one.

        Raises:
            MissingKeyError: Nothing on the way had such a key; names the nearest.
            NoSuchNodeError: There is no such level.
        """
        return who_wrote(self._session.head, self.graph, self._address(path))

    def history(self, path: Any) -> pandas.DataFrame:
        """Return every change of a value on the current line, oldest first.

        Args:
            path: As for `who`. The value is the one at its own level: what a subgraph wrote
                changes a root key when the subgraph is left.

        Returns:
            One row per change: frame, path, node, visit, kind, old, new. A write of the value
            that was there already changes nothing and has no row.

        Raises:
            MissingKeyError: Nothing on the line had such a key; names the nearest.
            NoSuchNodeError: There is no such level.

        Example:
            >>> from lellm_nb import Debugger, GraphBuilder
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
            >>> dbg = Debugger(g.build(), {"n": 0}); dbg.run().frame.index
            1
            >>> dbg.history("n")[["frame", "path", "old", "new"]]
               frame path  old  new
            0      1    a    0    1
        """
        return change_table(self.frames, self._session.scope, self._address(path))

    def _address(self, path: Any) -> Address:
        known: Mapping[str, Any] = kept_items(self._session.head.position.data)
        return Address.of(path, self.graph, known)
