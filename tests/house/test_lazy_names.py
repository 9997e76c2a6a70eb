"""The package's lazy names and what type checkers are told of them stay in step."""

from __future__ import annotations

import ast
from pathlib import Path

import lellm_nb


def test_the_stub_names_what_the_package_loads():
    """A name that is in one and not in the other would be a lie to somebody."""
    stub = Path(lellm_nb.__file__).with_suffix(".pyi")
    told = {
        alias.asname
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert told == set(lellm_nb.__all__)


def test_every_public_name_loads():
    """Each is really where the table says."""
    for name in lellm_nb.__all__:
        assert getattr(lellm_nb, name) is not None
    assert set(lellm_nb.__all__) <= set(dir(lellm_nb))
