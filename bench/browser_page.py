"""A real browser with a microphone of ours: Chromium, a sound file spoken into it, and taps in its page.

The page is used as it is served: its own scripts know of nothing, and its content policy holds but for the
tap's own worklet, which a driver's routes do not reach. What it heard and played comes out sample for sample
on one clock (``browser_tap.js``), with every glitch of the machine.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import UserError

from .recording import Recording

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names under which a system has it; nothing is ever downloaded."""
NAMED = "HOCKET_CHROMIUM"
"""Environment variable with the path of another one."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)  # fmt: skip
ANSWERS = 8000
"""Milliseconds for a page to do what it was asked."""
_HERE = Path(__file__).parent
_OWN_MACHINE = "local-network-access"
"""A page whose header was changed on its way counts as come from nowhere, and may not call this machine."""
_POLICY = "content-security-policy"


def find_chromium() -> Path:
    """The system's. Raises UserError with what to install."""
    named = os.environ.get(NAMED, "")
    found = next((path for name in ([named] if named else CHROMIUM) if (path := shutil.which(name))), None)
    if found is None:
        what = f"{NAMED} names no program: {named!r}" if named else f"none of {', '.join(CHROMIUM)} is here"
        raise UserError(f"a browser is needed and {what}; on Debian: apt-get install chromium")
    return Path(found)


@contextmanager
def chromium(microphone: Path | None = None, *flags: str) -> Iterator[Browser]:
    """A headless browser; ``microphone``: 48 kHz 16-bit mono WAV, spoken once from when the page listens.

    Raises UserError where Chromium or playwright is not installed.
    """
    where = find_chromium()
    try:
        api = importlib.import_module("playwright.sync_api")
    except ImportError as error:
        raise UserError(
            f"driving a browser needs playwright ({error}); install it with: pip install playwright"
        ) from None
    spoken = [f"--use-file-for-fake-audio-capture={microphone}%noloop"] if microphone else []
    with api.sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=str(where), args=[*FLAGS, *spoken, *flags]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Visit:
    """One page with taps, and what it complained of."""

    page: Page
    context: BrowserContext
    console: list[str] = field(default_factory=list)
    "Errors and warnings that the browser or the page wrote."
    crashes: list[str] = field(default_factory=list)
    "Exceptions that nobody caught."
    events: list[dict[str, Any]] = field(default_factory=list)
    "Server events so far, each with ``_at`` (seconds of the page) and ``_carrier``."
    _sound: dict[int, list[np.ndarray]] = field(default_factory=dict)

    def drain(self) -> None:
        """Take what the taps have; do it every few seconds of a long conversation, and before a reload."""
        for place, _ in enumerate(self._taps()):
            raw = base64.b64decode(self.page.evaluate("place => hocketTap.take(place)", place))
            self._sound.setdefault(place, []).append(np.frombuffer(raw, "<i2").reshape(-1, 2))
        for told in self.page.evaluate("() => hocketTap.wire()"):
            if told["data"] is not None:
                event = json.loads(told["data"])
                self.events.append(event | {"_at": told["at"], "_carrier": told["carrier"]})

    def recordings(self, kind: str = "") -> list[Recording]:
        """Of each tap of a kind ("remote": a WebRTC track, "page": what the page itself plays), so far."""
        self.drain()
        found = []
        for place, tap in enumerate(self._taps()):
            sound = np.concatenate(self._sound[place]).astype(np.float32) / 32768.0
            if len(sound) and kind in ("", tap["kind"]):
                user, agent = np.ascontiguousarray(sound.T)
                found.append(Recording(user, agent, round(tap["rate"])))
        return found

    def recording(self, kind: str = "") -> Recording:
        """The one in which the agent is loudest. Raises UserError where there is none."""
        found = self.recordings(kind)
        if not found:
            raise UserError("the page played nothing that could be recorded; was it connected?")
        return max(found, key=lambda one: float(np.sum(one.agent.astype(np.float64) ** 2)))

    def policy(self) -> list[str]:
        """Violations of the page's content policy, as the browser told them; a tap's failure too."""
        found: list[str] = self.page.evaluate("() => hocketTap.policy()")
        return found

    def _taps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("() => hocketTap.taps()")
        return found


@contextmanager
def visit(browser: Browser, *, granted: bool = True, before: str = "", **options: Any) -> Iterator[Visit]:
    """A page in a context of its own, still empty; ``before``: a script that runs ahead of the page's.

    ``granted`` False: the browser refuses the microphone, as a person may. ``options`` are a context's.
    """
    allowed = [_OWN_MACHINE, "microphone"] if granted else [_OWN_MACHINE]
    context = browser.new_context(permissions=allowed, **options)
    try:
        if before:
            context.add_init_script(before)
        context.add_init_script(_tap())
        context.route("**/*", _document)
        page = context.new_page()
        page.set_default_timeout(ANSWERS)
        seen = Visit(page, context)
        page.on("console", lambda told: _console(seen, told))
        page.on("pageerror", lambda error: seen.crashes.append(str(error)))
        yield seen
    finally:
        context.close()


def _console(seen: Visit, told: Any) -> None:
    if told.type in ("error", "warning"):
        seen.console.append(f"{told.type}: {told.text}")


def _tap() -> str:
    worklet = json.dumps((_HERE / "browser_tap_worklet.js").read_text(encoding="utf-8"))
    script = (_HERE / "browser_tap.js").read_text(encoding="utf-8")
    return script.replace("WORKLET_SOURCE", worklet)


def _document(route: Route) -> None:
    """Let the tap's worklet into a page whose policy names its scripts; all else of the policy holds."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    try:
        reply = route.fetch()
    except importlib.import_module("playwright.sync_api").Error:
        route.abort("connectionrefused")  # as the browser itself would have found
        return
    headers = dict(reply.headers)
    if _POLICY in headers:
        headers[_POLICY] = _allowing(headers[_POLICY])
    route.fulfill(response=reply, headers=headers)


def _allowing(policy: str) -> str:
    """The same with scripts from ``blob:`` too; a policy that names no scripts falls back to its default."""
    parts = [part.split() for part in policy.split(";") if part.strip()]
    named = {part[0]: part[1:] for part in parts}
    if "script-src" not in named and "default-src" in named:
        parts.append(["script-src", *(one for one in named["default-src"] if one != "'none'")])
    for part in parts:
        if part[0] == "script-src":
            part[1:] = ["blob:", *(one for one in part[1:] if one != "'none'")]
    return "; ".join(" ".join(part) for part in parts)
