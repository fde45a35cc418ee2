from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from agent.serve.certificate import FILE, own_certificate, self_signed
from pipeline.errors import UserError

NAMES = ["localhost", "127.0.0.1", "192.0.2.7", "here.local"]


def test_a_certificate_is_made_once_for_its_names_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = self_signed(NAMES, folder)
    assert len(first.fingerprint.split(":")) == 32
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert self_signed(NAMES[:2], folder).fingerprint == first.fingerprint
    assert self_signed([*NAMES, "192.0.2.8"], folder).fingerprint != first.fingerprint


def test_a_client_that_trusts_it_is_satisfied_with_its_names(tmp_path: Path) -> None:
    tls = self_signed(NAMES, tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / FILE))
    for name in NAMES:
        assert _shake(tls.context, trusting, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake(tls.context, trusting, "192.0.2.99")


def _shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """A handshake in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=name)
    theirs = server.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours.version() is not None


def test_a_file_that_is_no_certificate_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("nothing")
    assert self_signed(NAMES, tmp_path).fingerprint


def test_files_of_the_owners_that_do_not_fit_are_told_in_a_sentence(tmp_path: Path) -> None:
    self_signed(NAMES, tmp_path / "a")
    self_signed(NAMES, tmp_path / "b")
    own_certificate(tmp_path / "a" / FILE, tmp_path / "a" / FILE)
    for key in (tmp_path / "b" / FILE, tmp_path / "none"):
        with pytest.raises(UserError, match="cannot be used"):
            own_certificate(tmp_path / "a" / FILE, key)
