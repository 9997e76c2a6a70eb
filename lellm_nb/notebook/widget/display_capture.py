"""What a node displays goes into its frame, as what it prints does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lellm_nb.notebook.widget.kernel import shell

__all__ = ["catch_displays"]


class CatchLike(Protocol):
    """Where a running node's output goes."""

    def display(self, bundle: dict[str, Any]) -> None: ...


def catch_displays(caught: Callable[[], CatchLike | None]) -> None:
    """Have IPython ask where a display belongs before it shows it.

    Done to the publisher that IPython has now, which `%%capture` exchanges for a while.
    Its own hooks would not do: they are per thread, and a node may start threads.

    Args:
        caught: Tells where the output of the node goes that is running here; `None` outside one.
    """
    publisher = getattr(shell(), "display_pub", None)
    if publisher is None or hasattr(publisher, "lellm_nb_shows"):
        return
    shows, clears = publisher.publish, publisher.clear_output

    def publish(data: Any, *more: Any, **options: Any) -> None:
        catch = caught()
        if catch is None:
            shows(data, *more, **options)
        else:
            catch.display(dict(data))

    def clear_output(*args: Any, **options: Any) -> None:
        if caught() is None:  # a node has no cell that it could clear
            clears(*args, **options)

    publisher.lellm_nb_shows = shows
    publisher.publish = publish
    publisher.clear_output = clear_output
