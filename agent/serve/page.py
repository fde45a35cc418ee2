"""The files of a page: read once, found by their exact names. No path is joined with what a client sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .message import Reply, Request

WEB = Path(__file__).resolve().parent.parent / "web"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".ts": "text/plain; charset=utf-8",
}
"""What is served, and as what; nothing else of the folder is."""
_PERMISSIONS = "microphone=(self), autoplay=(self), speaker-selection=(self), camera=(), geolocation=()"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    type: str
    tag: str


class Page:
    """The files of one folder."""

    def __init__(self, folder: Path = WEB) -> None:
        self._files = _read(folder)

    def __contains__(self, path: str) -> bool:
        return self._name(path) in self._files

    def reply(self, request: Request) -> Reply:
        """A file, or the word that the client has it already. The path must be there."""
        file = self._files[self._name(request.path)]
        headers = {
            "ETag": file.tag,
            "Cache-Control": "no-cache",
            "Permissions-Policy": _PERMISSIONS,
            "Content-Security-Policy": policy(request.headers.get("host", "")),
        }
        if request.headers.get("if-none-match") == file.tag:
            return Reply(304, b"", file.type, headers)
        return Reply(200, file.body, file.type, headers)

    @staticmethod
    def _name(path: str) -> str:
        return "/index.html" if path in ("", "/") else path


@cache
def _read(folder: Path) -> dict[str, _File]:
    """All files that are served, by their place below the folder; once for all servers of a program."""
    found: dict[str, _File] = {}
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        kind = _TYPES.get(file.suffix)
        if kind is not None and file.is_file() and not file.is_symlink():
            body = file.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            found["/" + file.relative_to(folder).as_posix()] = _File(body, kind, tag)
    return found


def policy(host: str) -> str:
    """What our own page may load: its own files, and this server's sockets. ``host``: as it was asked for.

    A page of somebody else's that embeds our element brings a policy of its own.
    """
    named = host if all(each.isalnum() or each in ".:-[]" for each in host) else ""
    sockets = f" ws://{named} wss://{named}" if named else ""  # older browsers do not count them as 'self'
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"media-src 'self' blob:; font-src 'self'; manifest-src 'self'; connect-src 'self'{sockets}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
