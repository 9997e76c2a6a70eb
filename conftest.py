"""What every test shares: how hard Hypothesis looks, and which tests stay together.

It lies here and not in `tests/` because the notebooks and the docstrings are tests as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")

# No deadline: a shared machine has pauses that say nothing about the code.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,  # the same examples on every machine, so that a failure is somebody's
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("long" if LONG else "ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def long_form() -> bool:
    """Whether `make test-long` runs: a test may then repeat more and take longer."""
    return LONG


@pytest.fixture(params=["a file", "a folder"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store in which there is nothing yet, at a path: SQLite, or a folder that is there."""
    if request.param == "a file":
        return tmp_path / "runs.db"
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def no_kept_stops() -> Iterator[None]:
    """Forget the stops that a test has set: the graphs of many tests have one name."""
    yield
    kept = sys.modules.get("lellm_nb.debug.persist.kept_stops")
    if kept is not None:
        kept.KEPT.clear()


BROWSER = "tests/browser/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out by file: the cells of a notebook have one kernel, for example.

    The browser tests stay together. They take as long as all others, so that two cores are busy
    to the end; they start one server and one browser; and what they wait for comes late where
    two browsers share two cores. (`--dist loadgroup` would need no code, but xdist 3.8 does not
    see its groups with pytest 9.2.)
    """
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser tests last, for they are slow, and give a long run more time."""
    items.sort(key=lambda item: item.nodeid.startswith(BROWSER))
    if LONG:
        for item in items:
            marker = item.get_closest_marker("timeout")
            limit = marker.args[0] if marker and marker.args else 60
            item.add_marker(pytest.mark.timeout(limit * 20), append=False)
