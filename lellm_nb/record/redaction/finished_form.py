"""JSON data as it is about to be written, with the secrets taken out of every text and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from lellm_nb.record.codec.limits import TAG
from lellm_nb.record.codec.types import takes_stand_ins

__all__ = ["cleaned", "free", "goes_whole", "keys_cleaned"]

Clean = Callable[[str], str]


def cleaned(form: Any, clean: Clean) -> Any:
    """Return JSON data with every text in it cleaned: names, types, reprs, wherever they stand.

    Example:
        >>> cleaned({"kind": "x", "of": ["a", 1]}, str.upper)
        {'KIND': 'X', 'OF': ['A', 1]}
    """
    if isinstance(form, str):
        return clean(form)
    if not isinstance(form, (dict, list, tuple)):
        return form
    # an outline may nest deeper than the stack goes: what is inside is cleaned in its place
    top: list[Any] = [form]
    trail: list[tuple[Any, Any]] = [(top, 0)]
    while trail:
        holder, place = trail.pop()
        value = holder[place]
        if isinstance(value, str):
            holder[place] = clean(value)
        elif isinstance(value, dict):
            inside = holder[place] = keys_cleaned(value, clean)
            trail += [(inside, key) for key in inside]
        elif isinstance(value, (list, tuple)):
            items = holder[place] = list(value)
            trail += [(items, i) for i in range(len(items))]
    return top[0]


def keys_cleaned(form: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    """Return a mapping with its keys cleaned; where two become the same, the later has a number.

    Example:
        >>> keys_cleaned({"a1": 1, "a2": 2}, lambda key: key[:1])
        {'a': 1, 'a 2': 2}
    """
    made: dict[str, Any] = {}
    for key, value in form.items():
        made[free(clean(key), made)] = value
    return made


def free(key: str, taken: Mapping[Any, Any]) -> str:
    """Return a key that is not taken: what two secrets left may be the same."""
    made, number = key, 1
    while made in taken:
        number += 1
        made = f"{key} {number}"
    return made


def goes_whole(redactor: Any, known: Any, value: Any, content: Any) -> bool:
    """Tell whether a value has to go as a whole: what makes it again takes no stand-in.

    Args:
        redactor: Of bytes it is asked in passing too: in base64 nothing hints at a secret.
        known: How the value is written.
        content: What was written of it.
    """
    raw = _raw(known.name, value)
    if raw and redactor.hides(raw):
        return True
    if not redactor.on or not redactor.is_looking or takes_stand_ins(known):
        return False
    told = value.value if isinstance(value, Enum) else ""  # it is written by its name
    return _is_hiding(content) or (type(told) is str and redactor.text(told) != told)


def _raw(name: str, value: Any) -> bytes:
    """Return the bytes of a value whose letters are not to be read in what is written of it."""
    if name in ("bytes", "bytearray"):
        return bytes(value)
    if name in ("ndarray", "numpy", "array") and value.itemsize == 1:
        return bytes(value.tobytes())
    return b""


def _is_hiding(form: Any) -> bool:
    """Tell whether a secret was taken out of JSON data."""
    if isinstance(form, dict):
        return form.get(TAG) == "redacted" or any(map(_is_hiding, form.values()))
    return isinstance(form, list) and any(map(_is_hiding, form))
