"""How addresses of the network are written."""

from __future__ import annotations

import ipaddress
from typing import Any

from lellm_nb.record.codec.types import add_type

__all__: list[str] = []

_CLASSES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        *(ipaddress.IPv4Address, ipaddress.IPv4Interface, ipaddress.IPv4Network),
        *(ipaddress.IPv6Address, ipaddress.IPv6Interface, ipaddress.IPv6Network),
    )
}

for _cls in _CLASSES.values():
    add_type(_cls, "IP", lambda v: [type(v).__name__, str(v)], lambda c: _CLASSES[c[0]](c[1]))
