"""How common keys look, and how a written row is asked in passing whether one may be in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

__all__ = ["HINTS", "PATTERNS", "SHORTEST", "taken_out", "without_keys"]

# A run is possessive (`{16,}+`): what it has read it never gives back, so that no text, however
# it is made, takes longer than its length says.
PATTERNS: dict[str, str] = {
    "Anthropic key": r"sk-ant-[A-Za-z0-9_-]{16,}+",
    "OpenAI key": r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}+",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{30,}+)",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}+",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}+",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}+",
    "Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}+",
    "bearer token": r"\b[Bb]earer [A-Za-z0-9._~+/=-]{20,}+",
    # not in the middle of a run: where none begins there, each "eyJ" would read it to its end
    "JSON web token": r"(?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8,}+",
    "private key": r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
    r"(?>[\s\S]*?(?:-----END [A-Z ]{0,40}KEY-----|\Z))",
}
"""What is caught by default, by its name."""

_GITHUB = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_")
HINTS: tuple[tuple[int | bytes, tuple[bytes, ...]], ...] = (
    (ord("-"), (b"sk-", b"glpat-", b"xox", b"-----BEGIN")),
    (ord("_"), (b"k_live_", b"k_test_", b"hf_", *_GITHUB)),
    (ord("A"), (b"AKIA", b"ASIA", b"AIza")),
    (ord("J"), (b"eyJ",)),
    (b"earer ", (b"earer ",)),
)
"""What to look for in a whole row, by a rare letter in it: a letter is found at once (as a number
in half the time), and one expression for all of them would take thirty times as long."""

SHORTEST = 16
"""No key is shorter than this."""


def _hinted(body: bytes) -> bool:
    """Tell whether there may be a key in some bytes; quick, and sometimes wrongly true."""
    if len(body) < SHORTEST:
        return False
    return any(letter in body and any(t in body for t in texts) for letter, texts in HINTS)


def taken_out(text: str, patterns: Mapping[str, re.Pattern[str]]) -> str:
    """Return a text with a mark in place of what a pattern matches."""
    for name, pattern in patterns.items():
        text = pattern.sub(f"[redacted: {name}]", text)
    return text


def without_keys(text: str) -> str:
    """Return a text without API keys in the common formats.

    For what is shown without being asked for: an error, a stop, a table in a cell.

    Example:
        >>> without_keys("refused sk-" + "a1" * 16)
        'refused [redacted: OpenAI key]'
    """
    return taken_out(text, _common()) if _hinted(text.encode(errors="replace")) else text


@cache
def _common() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
