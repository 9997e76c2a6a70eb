"""Whatever no other format knows: a request, and a function that was called in place of one."""

from __future__ import annotations

from lellm_nb.calls.formats.format import Body, Format, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.json_data import object_of

__all__ = ["FunctionFormat", "HttpFormat"]


class HttpFormat(Format):
    """A request: method, address, status and sizes are known of it, and its body if it is JSON."""

    def matches(self, path: str, body: Body) -> bool:
        """It is whatever is left."""
        return True

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was sent."""
        return ReadRequest(params=body, name=url)

    def read_answer(self, data: Body) -> ReadAnswer:
        """There is nothing that would be known of every answer."""
        return ReadAnswer()

    def fold(self, found: list[Body]) -> Body:
        """Keep the events in their order."""
        return {"events": found}


class FunctionFormat(HttpFormat):
    """A function; its address is its name, its body its arguments."""

    kind = "function"

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what it was given."""
        return ReadRequest(params=object_of(body), name=url)
