"""C13: no text, however it is made, takes the redactor longer than its length says."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from lellm_nb.errors.key_patterns import PATTERNS

SECONDS = 20
"""Of the processor: a linear pattern takes a tenth of one for a megabyte, a quadratic one hours."""

BEGUN = [
    *("sk-", "sk-ant-", "sk-proj-", "AKIA", "ghp_", "github_pat_", "glpat-", "AIza", "xoxb-"),
    *("hf_", "sk_live_", "rk_test_", "Bearer ", "bearer ", "eyJ", "eyJaaaaaaaa.", "eyJ-eyJ."),
    *("eyJaaaaaaaa.eyJ", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END ", "PRIVATE KEY"),
    *("-----BEGIN A", "KEY-----", " PRIVATE"),
]
"""What keys begin with, and how they go on."""

RUNS = ["", "a", "-", "_", ".", "A ", " ", "=", "eyJ", "\n", "0aZ_", "\u00e9"]

WORK = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS + 5}))
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import SecretPaths

SIZE = 1_000_000
hide = Redactor()
for begun in {BEGUN!r}:
    for run in {RUNS!r}:
        each = begun + run * 3
        hide.by_look(each * (SIZE // len(each) // 100))          # again and again
        if run:
            hide.by_look(begun + run * (SIZE // len(run) // 10))  # one long run
print("done")
"""

WHOLE = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS + 5}))
from lellm_nb.record.redaction.redactor import Redactor

hide = Redactor()
for text in ("eyJ-" * 250_000, "eyJ" + "a" * 1_000_000, "-----BEGIN " + "PRIVATE KEY" * 90_000,
             "-----BEGIN PRIVATE KEY-----" * 40_000, "eyJaaaaaaaa.eyJaaaaaaaa" * 43_000,
             "Bearer " * 140_000, "sk-" * 330_000, "-----END " * 110_000):
    hide.text(text)
    hide.hides(text.encode())
print("done")
"""

PLACES = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS + 5}))
from lellm_nb.record.redaction.secret_paths import ANYWHERE, SecretPaths

places = SecretPaths(["a.*.b.*.c.*.d", "*.*.*.x", "users[*].*.pin", "*a*a*a*a*b", "k?y.*"])
for key in ("a." * 100_000, "a.b.c." * 50_000, "a" * 300_000, "users[0]." * 30_000, "." * 300_000):
    places.hide((key,))
    places.hide((ANYWHERE, key, "b", 0, key))
print("done")
"""


@pytest.mark.parametrize("work", [WORK, WHOLE, PLACES], ids=["starts", "megabytes", "places"])
def test_work_is_linear_in_the_length(work: str) -> None:
    """C13: a megabyte of what looks like the beginning of keys is read in a moment."""
    done = subprocess.run(  # killed by the system when its share of the processor is used up
        [sys.executable, "-c", work], capture_output=True, text=True, check=False
    )

    assert done.stdout == "done\n", done.stderr[-500:]


def test_the_limit_would_end_a_quadratic_pattern() -> None:
    """The pattern of 0.1.0 does not come to the end of a quarter of a megabyte."""
    work = (
        "import re, resource\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\n"
        r"re.sub(r'eyJ[\w-]{8,}\.eyJ', '', 'eyJ-' * 250_000)"
    )
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, check=False)

    assert done.returncode < 0
    assert resource.RLIMIT_CPU >= 0


@pytest.mark.parametrize("name", PATTERNS)
def test_a_run_is_never_given_back(name: str) -> None:
    """C13: an open end of a pattern is possessive, or cannot fail after it."""
    open_ends = PATTERNS[name].replace("[\\s\\S]*?", "").replace(",}+", "")

    assert ",}" not in open_ends
    assert "*" not in open_ends.replace("*?", "")
