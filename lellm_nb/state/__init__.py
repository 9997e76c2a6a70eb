"""State: what nodes read, and the only ways to write it."""

from lellm_nb.state.frozen import FrozenDict, FrozenList, freeze, register_freeze, thaw
from lellm_nb.state.key import StateKey
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce, fold
from lellm_nb.state.reducer import Reducer, ReducerRegistry
from lellm_nb.state.state import State

__all__ = [
    "Delete",
    "FrozenDict",
    "FrozenList",
    "Mutation",
    "Put",
    "Reduce",
    "Reducer",
    "ReducerRegistry",
    "State",
    "StateKey",
    "fold",
    "freeze",
    "register_freeze",
    "thaw",
]
