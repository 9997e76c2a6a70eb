"""Times and their zones as JSON data."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

__all__ = ["datetime_form", "read_datetime", "read_time", "read_timezone", "time_form"]
__all__ += ["timezone_form"]


def datetime_form(value: datetime.datetime) -> Any:
    """Return a time; with its zone's name, and which of two it is, where it has them."""
    zone = getattr(value.tzinfo, "key", None)
    text = value.isoformat()
    return [text, zone, value.fold] if zone or value.fold else text


def read_datetime(content: Any) -> datetime.datetime:
    """Return the time that was written."""
    if isinstance(content, str):
        return datetime.datetime.fromisoformat(content)
    text, zone, fold = content
    made = datetime.datetime.fromisoformat(text)
    if zone is not None:
        made = made.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return made.replace(fold=1 if fold else 0)


def time_form(value: datetime.time) -> Any:
    """Return a time of day; with its zone's name where it has one.

    Raises:
        ValueError: It has a zone that has no name, and is off by another time each day.
    """
    zone = getattr(value.tzinfo, "key", None)
    if value.tzinfo is not None and zone is None and value.utcoffset() is None:
        raise ValueError(f"its zone {value.tzinfo!r} has no name that leads to it")
    form = [value.isoformat(), value.fold]
    return form if zone is None else [*form, zone]


def read_time(content: Any) -> datetime.time:
    """Return the time of day that was written."""
    text, fold, *zone = content
    made = datetime.time.fromisoformat(text).replace(fold=1 if fold else 0)
    return made.replace(tzinfo=zoneinfo.ZoneInfo(zone[0])) if zone else made


def timezone_form(value: datetime.timezone) -> float:
    """Return the seconds by which a fixed zone is off."""
    return value.utcoffset(None).total_seconds()


def read_timezone(content: float) -> datetime.timezone:
    """Return the fixed zone that was written."""
    return datetime.timezone(datetime.timedelta(seconds=content))
