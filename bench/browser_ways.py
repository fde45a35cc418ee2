"""Which carrier a page takes, and how one begins to talk with it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import UserError

from .browser_page import Visit

PATIENCE = 20_000
"""Milliseconds for a page to connect."""


@dataclass(frozen=True, slots=True)
class Way:
    """One carrier."""

    name: str
    tap: str
    "Where the page's sound is recorded: a WebRTC track, or what the page plays itself."
    before: str
    "Script that runs ahead of the page."


WAYS = {
    "webrtc": Way("webrtc", "remote", ""),
    "ws": Way("ws", "page", "delete window.RTCPeerConnection; delete window.webkitRTCPeerConnection;"),
}
"""By the names of the command line. A browser without WebRTC makes the page fall back by itself."""


def talk_to(seen: Visit, url: str) -> None:
    """Open the page and press its button; returns when the server has said that the session exists."""
    seen.page.goto(url)
    seen.page.get_by_role("button", name="Start talking").click()
    for _ in range(PATIENCE // 100):
        seen.drain()
        if any(event.get("type") == "session.created" for event in seen.events):
            return
        seen.page.wait_for_timeout(100)
    raise UserError(f"the page did not connect: {'; '.join([*seen.crashes, *seen.console]) or 'no word why'}")
