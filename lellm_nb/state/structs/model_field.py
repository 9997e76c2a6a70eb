"""A field of a pydantic model: what it may hold, and what it holds where nothing is given."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Annotated, Any

from lellm_nb.errors import StateTypeError
from lellm_nb.state.compact import MISSING

__all__ = ["FieldCheck", "defined", "model_default"]

_FUNCTIONS = {"BeforeValidator", "AfterValidator", "PlainValidator", "WrapValidator"}


class FieldCheck:
    """Refuses a value that is not of a field's type, or beyond the limits the field declares.

    The model's own functions are not asked: they run where the model is made, as in plain code,
    and a field that has one may hold what its type does not tell, so it takes anything.

    Args:
        cls: The model.
    """

    def __init__(self, cls: Any) -> None:
        self._cls = cls
        self._made: dict[str, Any] = {}

    def __call__(self, name: str, value: Any) -> None:
        """Look at a value for a field.

        Raises:
            pydantic.ValidationError: It does not fit.
            StateTypeError: The field is frozen.
        """
        info = self._cls.__pydantic_fields__[name]
        if value is info.default:
            return
        if info.frozen:
            raise StateTypeError(
                name,
                "no value",
                type(value).__name__,
                f"Field {name!r} of {self._cls.__name__} is frozen.",
            )
        if name not in self._made:
            self._made[name] = self._validator(name, info)
        if self._made[name] is not None:
            self._made[name].validate_python({name: value})

    def _validator(self, name: str, info: Any) -> Any:
        """Make a model of this one field; `None` where none can be made."""
        pydantic: Any = sys.modules["pydantic"]  # loaded, for the class is one of its models
        decorators = self._cls.__pydantic_decorators__
        own = [*decorators.field_validators.values(), *decorators.validators.values()]
        if any(name in one.info.fields or "*" in one.info.fields for one in own):
            return None
        if any(type(one).__name__ in _FUNCTIONS for one in info.metadata):
            return None
        hint: Any = info.annotation
        for one in info.metadata:
            hint = Annotated[hint, one]
        config = pydantic.ConfigDict(
            strict=bool(self._cls.model_config.get("strict")),
            arbitrary_types_allowed=True,
            protected_namespaces=(),
        )
        fields: dict[str, Any] = {name: (hint, ...)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a field may be named as a method of models is
                made: Any = pydantic.create_model(self._cls.__name__, __config__=config, **fields)
        except Exception:  # a type that only the model's own module can resolve
            return None
        return made.__pydantic_validator__


def model_default(info: Any, fields: Mapping[str, Any]) -> Any:
    """Return what a field is where nothing is given, `MISSING` where it has no default."""
    if info.is_required():
        return MISSING
    if getattr(info, "default_factory_takes_validated_data", False):
        return info.get_default(call_default_factory=True, validated_data=dict(fields))
    return defined(info.get_default(call_default_factory=True))


def defined(default: Any) -> Any:
    """Return a default, `MISSING` where pydantic says that there is none."""
    return MISSING if type(default).__name__ == "PydanticUndefinedType" else default
