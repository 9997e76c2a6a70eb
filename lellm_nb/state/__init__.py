"""State: what nodes read, and the only ways to write it."""

from lellm_nb.state.channel_update import ChannelUpdate
from lellm_nb.state.delta import StateDelta
from lellm_nb.state.frozen import FrozenDict, FrozenList, freeze, register_freeze, thaw
from lellm_nb.state.key import StateKey
from lellm_nb.state.lens import IdentityLens, KeyLens, StateLens
from lellm_nb.state.merge import LastWriteWins, MergeMutations, MergeStrategy, StateMerge
from lellm_nb.state.mutation import Delete, Mutation, Put, Reduce, fold
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.registry import ReducerRegistry
from lellm_nb.state.state import State
from lellm_nb.state.typed import WorkflowState, typed_state

__all__ = [
    "ChannelUpdate",
    "Delete",
    "FrozenDict",
    "FrozenList",
    "IdentityLens",
    "KeyLens",
    "LastWriteWins",
    "MergeMutations",
    "MergeStrategy",
    "Mutation",
    "Put",
    "Reduce",
    "Reducer",
    "ReducerRegistry",
    "State",
    "StateDelta",
    "StateKey",
    "StateLens",
    "StateMerge",
    "WorkflowState",
    "fold",
    "freeze",
    "register_freeze",
    "thaw",
    "typed_state",
]
