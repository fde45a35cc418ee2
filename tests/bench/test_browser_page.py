from __future__ import annotations

import pytest

from bench.browser_page import NAMED, _allowing, find_chromium
from pipeline.errors import UserError


def test_a_browser_that_is_not_there_is_told_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install chromium"):
        find_chromium()


def test_a_browser_that_was_named_wrongly_is_told_by_that_name(monkeypatch, tmp_path):
    monkeypatch.setenv(NAMED, str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="nowhere"):
        find_chromium()


@pytest.mark.parametrize(
    ("policy", "then"),
    [
        ("default-src 'self'; script-src 'self'", "default-src 'self'; script-src blob: 'self'"),
        ("script-src 'self'; script-src-attr 'none'", "script-src blob: 'self'; script-src-attr 'none'"),
        ("default-src 'self'", "default-src 'self'; script-src blob: 'self'"),
        ("default-src 'none'; img-src 'self'", "default-src 'none'; img-src 'self'; script-src blob:"),
        ("", ""),
    ],
)
def test_only_the_taps_own_worklet_is_let_in_beside_what_a_policy_allows(policy, then):
    assert _allowing(policy) == then
