"""How values of pydantic's own types are written; loaded when the first one is met.

What a model declares secret is taken out, as a secret that is found is.
"""

from __future__ import annotations

import importlib
from typing import Any

from lellm_nb.record.codec.types import add_type
from lellm_nb.record.redaction.redactor import Redacted

__all__: list[str] = []

_networks = importlib.import_module("pydantic.networks")
_types: Any = importlib.import_module("pydantic.types")

_URLS: dict[str, Any] = {
    name: cls
    for name, cls in vars(_networks).items()
    if isinstance(cls, type) and cls.__module__ == _networks.__name__ and hasattr(cls, "build")
}

for _cls in _URLS.values():
    add_type(_cls, "Url", lambda v: [type(v).__name__, str(v)], lambda c: _URLS[c[0]](c[1]))

add_type(_types.ByteSize, "ByteSize", int, _types.ByteSize)
for _cls in (_types.SecretStr, _types.SecretBytes):
    add_type(_cls, "Secret", lambda _: "[redacted]", lambda shown: Redacted(str(shown)))
