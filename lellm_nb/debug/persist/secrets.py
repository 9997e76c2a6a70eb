"""Secrets that were taken out of a store, given again to a run that was reopened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lellm_nb.debug.codegen.step_to_code import Writing
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.engine.scope import Scope
from lellm_nb.errors import DebuggerError, RedactedValueError, listed, path_text
from lellm_nb.state.state import content_of

__all__ = ["Supplying"]


class Supplying(Writing):
    """``supply``, and what holds a reopened run before a node reads what is not there."""

    _reopened = False
    _seen_lacking: tuple[Any, list[tuple[Any, ...]]] = (None, [])

    @property
    def _keeper(self) -> Any:
        return self._session.history.keeper

    @property
    def lacking(self) -> list[tuple[Any, ...]]:
        """Where secrets have to be given again (`supply`) before a reopened run goes on."""
        if not self._reopened:
            return []
        if self._seen_lacking[0] is not self.position:
            places = dict.fromkeys(path for _, paths in self._lacking() for path in paths)
            self._seen_lacking = (self.position, list(places))
        return list(self._seen_lacking[1])

    def supply(self, values: Mapping[Any, Any]) -> None:
        """Put values where secrets were taken out, so that a reopened run can go on.

        They are written at every level that lacks them, as frames of kind *edit*, and are
        taken out of the store again.

        Args:
            values: By key, or by path tuple: ``{("config", "api_key"): …}``.

        Raises:
            BusyError: A run is going on.
            DebuggerError: No secret was taken out at such a place; names those that were.
        """
        self._refuse_while_busy("supply")
        wanted = {key if isinstance(key, tuple) else (key,): value for key, value in values.items()}
        there = self.lacking
        for key in wanted:
            if not any(path[: len(key)] == key for path in there):
                raise DebuggerError(
                    f"Nothing was taken out at {path_text(key)}; secrets are missing at"
                    f" {listed(repr(path if len(path) > 1 else path[0]) for path in there)}."
                )
        self._hide(wanted)
        for scope, paths in list(self._lacking()):
            put = {key: wanted[key] for key in wanted if any(p[: len(key)] == key for p in paths)}
            if put:
                self._session.edit_level(scope, put)
        self._changed()

    def _hide(self, paths: Iterable[Any]) -> None:
        """From now on take what stands at some paths out of the store, whatever its look."""
        if self._keeper is not None:
            import glob

            codec = self._keeper.codec
            texts = (path_text(path if isinstance(path, tuple) else (path,)) for path in paths)
            codec.redactor = codec.redactor.also(glob.escape(text) for text in texts)

    def _hidden(self) -> Stop | None:
        """Hold before a node could read what was taken out of the store (a `Redacted`)."""
        paths = self.lacking
        return self._stop(StopReason.PAUSED, error=RedactedValueError(paths)) if paths else None

    def _lacking(self) -> Iterator[tuple[Scope, list[tuple[Any, ...]]]]:
        """Walk the levels that lack a secret, with where it was."""
        from lellm_nb.record.redaction.redactor import Redacted, redacted_paths

        if not Redacted.met:
            return
        for scope, level in self._session.open_levels():
            paths = redacted_paths(content_of(level.data))
            if paths:
                yield scope, paths
