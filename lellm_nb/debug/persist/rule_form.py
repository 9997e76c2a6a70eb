"""Standing rules as data: what they were, and never armed (SEMANTICS B9)."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.deciding.rules import StandingRule, StandingRules
from lellm_nb.errors.key_patterns import without_keys

__all__ = ["read_rules", "rules_form"]


def rules_form(rules: StandingRules) -> list[dict[str, Any]]:
    """Return rules as JSON data."""
    return [
        {
            "at": rule.barrier,
            "what": without_keys(_word(rule)),
            "when": without_keys(rule.condition),
            "used": rule.used,
            "id": rule.id,
        }
        for rule in rules
    ]


def _word(rule: StandingRule) -> str:
    """Return a decision in words, without a value that it puts."""
    bare = StandingRule(rule.barrier, rule.decision)
    return bare.label


def read_rules(forms: Any) -> list[StandingRule]:
    """Return the rules of stored data, all of them off; what is none is left out."""
    found: list[StandingRule] = []
    for form in forms if isinstance(forms, list) else ():
        try:
            used = form["used"] if type(form["used"]) is int else 0
            when = str(form["when"]) or None
            rule = StandingRule(str(form["at"]), str(form["what"]), when, used, armed=False)
            known = form.get("id")  # a run that was kept before has none
            rule.id = known if type(known) is int and known > 0 else len(found) + 1
            found.append(rule)
        except (LookupError, TypeError, AttributeError):
            continue
    return found
