"""What every test shares: how hard Hypothesis looks, and the order of the folders."""

from __future__ import annotations

import os
from pathlib import Path

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that is not there yet."""
    return tmp_path / "runs.db"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser tests last, and give every test of a long run more time.

    Playwright keeps an event loop running in the main thread for as long as it is open;
    a test that calls `asyncio.run` could not run after it.
    """
    browser = Path(__file__).parent / "browser"
    items.sort(key=lambda item: browser in item.path.parents)
    if LONG:
        for item in items:
            marker = item.get_closest_marker("timeout")
            limit = marker.args[0] if marker and marker.args else 60
            item.add_marker(pytest.mark.timeout(limit * 20), append=False)
