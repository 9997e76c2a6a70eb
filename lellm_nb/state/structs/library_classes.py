"""Classes of libraries whose objects are data: kept by name, without being registered.

A store names such a class, as it does one that was registered. Reading looks the name up among
the modules that this process has imported already, and in nothing else: nothing is imported, no
module is asked for an attribute that it would first have to make, and a name leads only to the
class that was defined under it.
"""

from __future__ import annotations

import enum
import sys
import types
from typing import Any

from lellm_nb.state.structs.declared import is_named_tuple, stored_name
from lellm_nb.state.structs.read_only import plain_class
from lellm_nb.state.structs.struct import struct_of_class

__all__ = ["MODULES", "is_library_name", "library_class", "library_name"]

MODULES = (
    *("langchain_core.messages", "langchain_core.documents", "langchain_core.outputs"),
    *("langchain_core.agents", "langchain_core.prompt_values", "langgraph.types"),
    *("openai.types", "openai.lib.streaming.chat._events", "anthropic.types"),
    *("openai.lib.streaming.responses._events", "anthropic.lib.streaming._types"),
    *("anthropic.lib.streaming._beta_types", "pydantic_ai.messages", "pydantic_ai.usage"),
    "google.genai.types",
)
"""Where they are defined. Of these packages no more: what else has fields there (chains, tools,
clients, templates) does something, and a file must not be able to make one."""

LONGEST = 300
"""No class has a longer name."""


def is_library_name(name: str) -> bool:
    """Tell whether a name is one of a class in these modules, loaded or not.

    Example:
        >>> is_library_name("openai.types.chat.chat_completion.ChatCompletion")
        True
        >>> is_library_name("openai.OpenAI"), is_library_name("openai.typesetter.Page")
        (False, False)
    """
    return len(name) <= LONGEST and name.startswith(_PREFIXES)


_PREFIXES = tuple(f"{module}." for module in MODULES)


def library_name(cls: Any) -> str:
    """Return the name by which objects of a class are kept; empty where they are not.

    A generic model goes by the name of what it was made of: so its objects compare, too.
    """
    kind = plain_class(cls)
    made_of = getattr(kind, "__pydantic_generic_metadata__", None)
    origin = made_of.get("origin") if isinstance(made_of, dict) else None
    kind = kind if origin is None else origin
    name = stored_name(kind)
    return name if is_library_name(name) and library_class(name) is kind else ""


def library_class(name: str) -> Any:
    """Return the class of a name; `None` where it is not loaded, or holds no data."""
    parts = name.split(".") if is_library_name(name) else []
    for at in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:at]))
        if type(module) is types.ModuleType:
            found: Any = module
            for part in parts[at:]:
                found = vars(found).get(part) if isinstance(found, _NAMESPACES) else None
            return found if isinstance(found, type) and _is_data(found, name) else None
    return None


_NAMESPACES = (types.ModuleType, type)


def _is_data(cls: Any, name: str) -> bool:
    fits = struct_of_class(cls) is not None or is_named_tuple(cls) or _is_text(cls)
    fits = fits or issubclass(cls, enum.Enum)
    return fits and stored_name(cls) == name and not hasattr(cls, "__del__")


def _is_text(cls: Any) -> bool:
    """Tell whether objects of a class are text and hold nothing else, as LangChain's `.text`."""
    return issubclass(cls, str) and not cls.__dictoffset__
