"""S9: what is registered comes back as it was, or the write says no; never a run that is lost."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import zoneinfo
from pathlib import Path
from typing import Any

import attrs
import pydantic
import pytest

from lellm_nb import Debugger, GraphBuilder, register_type
from lellm_nb.errors import SerializationError
from lellm_nb.record.codec.types import Unsaved
from lellm_nb.record.codec.values import Codec


class Level(enum.Flag):
    LOW = 1
    HIGH = 2


class Part(pydantic.BaseModel):
    n: int = 1


@register_type
class Aliased(pydantic.BaseModel):
    user_id: int = pydantic.Field(alias="userId")


@register_type
class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")
    when: datetime.date
    ids: tuple[int, ...] = ()

    @pydantic.computed_field
    def year(self) -> int:
        return self.when.year


@register_type
class Excluding(pydantic.BaseModel):
    shown: int = 1
    hidden: int = pydantic.Field(default=0, exclude=True)
    part: Part = Part()
    _private: int = 0


@register_type
class Base(pydantic.BaseModel):
    n: int = 1


@register_type
class Derived(Base):
    call_id: str = ""


@register_type
class Log(pydantic.BaseModel):
    events: list[Base] = []


@register_type
@dataclasses.dataclass
class Priced:
    net: float
    gross: float = dataclasses.field(init=False)
    level: Level = Level.LOW | Level.HIGH

    def __post_init__(self) -> None:
        self.net = self.net * 1.2
        self.gross = self.net + 1


@register_type
@attrs.define
class Point:
    x: int
    y: int = attrs.field(converter=int, default="3")


VALUES: dict[str, Any] = {
    "an alias": Aliased(userId=7),
    "strict, with a computed field": Strict(when=datetime.date(2026, 1, 2), ids=(1, 2)),
    "an excluded field": Excluding(shown=2, hidden=5, part=Part(n=3)),
    "a subclass in a base's field": Log(events=[Derived(call_id="c1"), Base(n=2)]),
    "__post_init__ and init=False": Priced(10.0),
    "attrs": Point(1, 2),
    "a zone of a time": datetime.time(9, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
}


@pytest.mark.parametrize("what", VALUES)
def test_a_registered_value_comes_back_as_it_was(what: str, tmp_path: Path) -> None:
    value = VALUES[what]
    g = GraphBuilder("g").node("a", lambda ctx: {"value": value}).start("a").end("a")
    dbg = Debugger(g.build())
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    again = Debugger.load(tmp_path / "run.lellm").state["value"]

    assert again == value
    assert type(again) is type(value)
    if isinstance(value, datetime.time):
        assert again.tzinfo == value.tzinfo
    else:
        held = getattr(value, "__dict__", {})
        assert getattr(again, "__dict__", {}) == held


def test_what_was_written_the_old_way_is_still_read() -> None:
    old = b'{"$": "tests.record.codec.test_registered.Base", "v": {"n": 5}}'
    assert Codec().loads(old) == Base(n=5)


def test_a_value_that_is_not_read_is_a_marker_and_the_rest_is_read() -> None:
    old = b'{"u": {"$": "tests.record.codec.test_registered.Aliased", "v": {"user_id": 5}}, "n": 1}'
    read = Codec().loads(old)
    assert read["n"] == 1
    assert isinstance(read["u"], Unsaved)
    assert Codec().loads(Codec().dumps(read)) == read


def test_a_zone_that_has_no_name_is_refused() -> None:
    class Odd(datetime.tzinfo):
        def utcoffset(self, when: Any) -> Any:
            return None if when is None else datetime.timedelta(hours=1)

    with pytest.raises(SerializationError, match="zone"):
        Codec().dumps(datetime.time(9, tzinfo=Odd()), strict=True)
