"""The compact form of a state, as frames keep it.

A level's state is a plain dict of frozen values, never changed once a frame
holds it. Three forms make it cheap to keep a version per step: a list that only
grows is a `Tail` of a shared buffer, a list or dict that a node made again is an
`EditedList` or `EditedDict`, and a state with many keys is a `Wide`.
None is ever seen by user code: `view` makes real what is read.
"""

from lellm_nb.state.compact.edited import EditedDict, EditedList
from lellm_nb.state.compact.looking import (
    COMPACT,
    Data,
    draft,
    real,
    size_of,
    view_items,
    whole,
)
from lellm_nb.state.compact.missing import MISSING
from lellm_nb.state.compact.rebuilt import kept_inside, most_edits, rebuilt
from lellm_nb.state.compact.tail import Tail
from lellm_nb.state.compact.wide import WIDE, Wide

__all__ = [
    "COMPACT",
    "MISSING",
    "WIDE",
    "Data",
    "EditedDict",
    "EditedList",
    "Tail",
    "Wide",
    "draft",
    "kept_inside",
    "most_edits",
    "real",
    "rebuilt",
    "size_of",
    "view_items",
    "whole",
]
