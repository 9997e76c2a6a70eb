"""Calls as JSON data, without secrets, what they have in common written once (K5, K10)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange, Headers
from lellm_nb.calls.formats.registry import answer_body
from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.limits import DAMAGE, error_text

__all__ = ["StoredCalls", "call_forms", "read_call"]

Write = Callable[[Any, Any], Any]
Clean = Callable[[Any], Any]
Put = Callable[[str], Any]
"""Keeps a text, once however often it comes, and returns what it is known by."""
Get = Callable[[Any], str]

_SHORT = 40
"""Texts of so few characters stand where they are."""

_FLAGS = ("stream", "cut", "served", "answered", "stale", "edited", "late", "hidden")


def call_forms(calls: Sequence[Call], *, write: Write, clean: Clean, put: Put) -> list[Any]:
    """Return calls as JSON data.

    Args:
        write: Writes the value that a function returned.
        clean: Takes secrets out of JSON data and texts.
        put: Keeps a text.
    """
    return [
        [
            call.number,
            call.path,
            call.visit,
            [_form(exchange, call, write, clean, put) for exchange in call.exchanges],
        ]
        for call in calls
    ]


def _form(exchange: Exchange, call: Call, write: Write, clean: Clean, put: Put) -> dict[str, Any]:
    form: dict[str, Any] = {"to": [exchange.method, exchange.url], "at": exchange.started}
    if exchange.headers:
        form["sent"] = [list(pair) for pair in exchange.headers]
    if exchange.body:
        form["body"] = _body(exchange.body, clean, put)
    if exchange.duration is not None:
        form["took"] = exchange.duration
    flags = {name: 1 for name in _FLAGS if getattr(exchange, name)}
    if exchange.asked is not None:
        form["key"] = exchange.asked
    if exchange.source is not None:
        form["from"] = exchange.source
    if exchange.error:
        form["err"] = clean(exchange.error)
    if exchange.status is not None:
        form["is"] = exchange.status
    if exchange.value is not None:
        form["gave"] = write(exchange.value, "calls")
    headers, chunks, whole = _answer(exchange, call, clean)
    if not whole:
        flags["hidden"] = 1
    if headers:
        form["came"] = [list(pair) for pair in headers]
    if chunks:
        form["when"] = [[round(after, 6), len(piece)] for after, piece in chunks]
        form["text"] = _kept(b"".join(piece for _, piece in chunks), put)
    if flags:
        form["how"] = flags
    return form


def _body(body: bytes, clean: Clean, put: Put) -> Any:
    """Return the body of a request: an object member by member, and its lists item by item."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return _kept(_cleaned(body, clean), put)
    members: dict[str, Any] = {}
    for name, value in clean(data).items():
        if isinstance(value, list):
            # a number alone is a text that was kept: a long chat has hundreds of them
            members[name] = {"l": [one.get("p", one) for one in (_piece(v, put) for v in value)]}
        else:
            members[name] = _piece(value, put)
    return {"o": members}


def _piece(value: Any, put: Put) -> Any:
    text = _json(value)
    return {"p": put(text)} if len(text) > _SHORT else {"v": value}


def _json(value: Any) -> str:
    """Return JSON text as clients write it: what is sent again is found to the letter."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character
        return json.dumps(value, separators=(",", ":"))
    return text


def _kept(content: bytes, put: Put) -> Any:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"b": put(base64.b64encode(content).decode())}
    return {"t": put(text)} if len(text) > _SHORT else {"s": text}


def _cleaned(content: bytes, clean: Clean) -> bytes:
    try:
        return str(clean(content.decode())).encode()
    except UnicodeDecodeError:
        return content


def _answer(
    exchange: Exchange, call: Call, clean: Clean
) -> tuple[Headers, list[tuple[float, bytes]], bool]:
    """Return the answer of an exchange without secrets, and whether it had none.

    A stream brings words in pieces, and a secret may be in several of them: what came of it as a
    whole is looked at, too.
    """
    chunks = exchange.chunks
    if not chunks:
        return exchange.response_headers, [], True
    content = answer_body(exchange)
    safe = _cleaned(content, clean)
    whole = safe == content
    if whole and exchange is call.last:
        response = call.response
        cleaned = clean(response)
        if cleaned != response:
            safe, whole = json.dumps(cleaned).encode(), False
    if whole:
        return exchange.response_headers, chunks, True
    left = ("content-encoding", "content-type")
    kind = "application/json" if safe[:1] in (b"{", b"[") else exchange.header("content-type")
    headers = [pair for pair in exchange.response_headers if pair[0] not in left]
    return (*headers, ("content-type", kind)), [(chunks[0][0], safe)], False


# -- reading ---------------------------------------------------------------------------


class StoredCalls(Sequence[Call]):
    """The calls of a stored frame, each read when somebody looks at it.

    Args:
        forms: What `call_forms` made.
        read: Reads the value that a function returned.
        get: Gives a text that was kept.
        told: Told of each call that is read.

    Raises:
        CorruptedCheckpointError: At a look: it is damaged.
    """

    def __init__(
        self,
        forms: Any,
        *,
        read: Callable[[Any], Any],
        get: Get,
        told: Callable[[Call], None] = lambda call: None,
    ) -> None:
        if not isinstance(forms, Sequence) or isinstance(forms, str):
            raise TypeError("calls are a list")
        self._forms = forms
        self._read = read
        self._get = get
        self._told = told
        self._made: dict[int, Call] = {}

    def __len__(self) -> int:
        return len(self._forms)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Call, ...]: ...
    def __getitem__(self, index: int | slice) -> Call | tuple[Call, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        at = range(len(self))[index]
        made = self._made.get(at)
        if made is None:
            before = self[at - 1] if at else None
            try:
                made = read_call(self._forms[at], read=self._read, get=self._get, before=before)
            except DAMAGE as error:
                raise CorruptedCheckpointError(f"A damaged call: {error_text(error)}.") from error
            made = self._made.setdefault(at, made)
            self._told(made)
        return made

    def __iter__(self) -> Iterator[Call]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none


def read_call(
    form: Any, *, read: Callable[[Any], Any], get: Get, before: Call | None = None
) -> Call:
    """Return a call of its JSON data."""
    number, path, visit, exchanges = form
    made = [_read(one, read, get) for one in exchanges]
    return Call(int(number), made, path=str(path), visit=int(visit), before=before)


def _read(form: dict[str, Any], read: Callable[[Any], Any], get: Get) -> Exchange:
    method, url = form["to"]
    flags = form.get("how", {})
    made = Exchange(
        str(method),
        str(url),
        _pairs(form.get("sent", ())),
        _read_body(form["body"], get) if "body" in form else b"",
        stream=bool(flags.get("stream")),
        started=float(form["at"]),
    )
    for name in _FLAGS:
        setattr(made, name, bool(flags.get(name)))
    took, status, source = form.get("took"), form.get("is"), form.get("from")
    made.duration = None if took is None else float(took)
    made.status = None if status is None else int(status)
    made.source = None if source is None else int(source)
    made.asked = str(form["key"]) if "key" in form else None
    made.error = str(form.get("err", ""))
    made.value = read(form["gave"]) if "gave" in form else None
    made.response_headers = _pairs(form.get("came", ()))
    if "text" in form:
        made.chunks = list(_cut(_read_kept(form["text"], get), form["when"]))
    return made


def _cut(content: bytes, when: Any) -> Iterator[tuple[float, bytes]]:
    start = 0
    for after, length in when:
        yield float(after), content[start : start + int(length)]
        start += int(length)


def _pairs(forms: Any) -> Headers:
    return tuple((str(name), str(value)) for name, value in forms)


def _read_body(form: Any, get: Get) -> bytes:
    if "o" not in form:
        return _read_kept(form, get)
    members = [
        f"{_json(str(name))}:{_member_text(member, get)}" for name, member in form["o"].items()
    ]
    return f"{{{','.join(members)}}}".encode()


def _member_text(member: Any, get: Get) -> str:
    if "l" in member:
        return f"[{','.join(_piece_text(one, get) for one in member['l'])}]"
    return _piece_text(member, get)


def _piece_text(form: Any, get: Get) -> str:
    if not isinstance(form, Mapping):
        return get(form)
    return get(form["p"]) if "p" in form else _json(form["v"])


def _read_kept(form: Any, get: Get) -> bytes:
    if "s" in form:
        return str(form["s"]).encode()
    return base64.b64decode(get(form["b"])) if "b" in form else get(form["t"]).encode()
