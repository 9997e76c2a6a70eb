"""Who decides, as it is recorded (B7)."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError
from tests.debug.verbs.test_always import loop, made_by


def test_who_decides_is_the_login_or_who_is_named(monkeypatch):
    """B7: by verb and by button; another line begins with the same name."""
    dbg = Debugger(loop())
    dbg.run()
    assert dbg.approve().frame.decision.by == dbg.user
    dbg.user = "ada"
    dbg.run()
    dbg.post("approve").result()
    fork = dbg.fork()

    assert made_by(dbg)[1:] == ["ada"]
    assert fork.user == "ada"
    for none in ("", 3, None):
        with pytest.raises(DebuggerError, match="user is"):
            dbg.user = none


def test_a_login_that_the_system_does_not_tell_is_a_person(monkeypatch):
    """B7: deciding never fails for that."""
    from lellm_nb import login as module

    def nobody():
        raise OSError("no account")

    monkeypatch.setattr(module.getpass, "getuser", nobody)
    assert module.login.__wrapped__() == "person"
