"""Pictures of the page in mid-conversation, for the README: nothing in them is staged but the user.

The bundled brain answers two spoken questions, is interrupted once, and the picture is taken while it speaks.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import clock as clocks
from pipeline.errors import UserError
from pipeline.ports import Voice

from .browser_page import Visit, chromium, visit
from .browser_serve import quiet, served
from .browser_spoken import Spoken, microphone
from .browser_ways import talk_to
from .cast import steady_voice
from .labels import Kind
from .stimuli import spoken
from .target import choose_voices

LARGEST = 200 * 1024
"""Bytes of a picture."""
SAID = (
    (3.0, "what is fourteen plus nine", Kind.QUESTION),
    (8.0, "how much is thirty one plus twenty eight", Kind.QUESTION),
    (12.3, "no, what is thirty one minus twelve", Kind.BARGE_IN),
)
"""Seconds at which the user begins, and what is said."""
ANSWERS = 3
"""Replies of which the last is sounding in the picture."""
LONGEST = 25.0
"""Seconds after which a picture is taken whatever happens."""
INTO = 1500
"""Milliseconds into the last reply."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class View:
    """One picture."""

    name: str
    width: int
    height: int
    scheme: str
    scale: float = 1.0
    phone: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Of the browser's context."""
        found: dict[str, Any] = {
            "viewport": {"width": self.width, "height": self.height}, "color_scheme": self.scheme,
            "device_scale_factor": self.scale,
        }  # fmt: skip
        return found | ({"is_mobile": True, "has_touch": True} if self.phone else {})


VIEWS = (
    View("page-desktop-light", 1280, 800, "light"),
    View("page-desktop-dark", 1280, 800, "dark"),
    View("page-phone-light", 390, 844, "light", 2.0, True),
    View("page-phone-dark", 390, 844, "dark", 2.0, True),
)


def pictures(out: Path, folder: Path, tell: Tell) -> list[Path]:
    """Take them all. Raises UserError and PeerError where the page cannot be talked to."""
    agent, user = choose_voices()
    said = clocks.run(lambda: _said(steady_voice(user)))
    sound = microphone(said, said[-1].seconds + 15.0, folder / "pictures.wav")
    out.mkdir(parents=True, exist_ok=True)
    found = []
    with served(folder / "server.log", settings=quiet(agent)) as server:
        for view in VIEWS:
            with chromium(sound) as browser, visit(browser, **view.options) as seen:
                talk_to(seen, server.url)
                _until_speaking(seen)
                found.append(_kept(seen, out / f"{view.name}.png"))
            tell(f"{found[-1]}: {found[-1].stat().st_size // 1024} KiB")
    return found


async def _said(voice: Voice) -> list[Spoken]:
    try:
        return [Spoken(at, await spoken(voice, text, kind)) for at, text, kind in SAID]
    finally:
        await voice.close()


def _until_speaking(seen: Visit) -> None:
    """Wait for the last reply's first words."""
    for _ in range(round(LONGEST * 10)):
        seen.drain()
        begun = [one for one in seen.events if one["type"] == "output_audio_buffer.started"]
        if len(begun) >= ANSWERS:
            seen.page.wait_for_timeout(INTO)
            return
        seen.page.wait_for_timeout(100)
    raise UserError(f"only {len(begun)} of {ANSWERS} replies began within {LONGEST:g} s")


def _kept(seen: Visit, path: Path) -> Path:
    """Write the picture, in fewer colours where it is too large. Raises UserError where that is too many."""
    from PIL import Image

    picture = Image.open(io.BytesIO(seen.page.screenshot()))
    for colours in (0, 256, 64):
        chosen = picture.convert("RGB") if not colours else picture.convert("RGB").quantize(colours)
        chosen.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return path
    raise UserError(f"{path} is larger than {LARGEST // 1024} KiB in any number of colours")
