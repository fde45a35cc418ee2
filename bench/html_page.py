"""The page itself: one file with everything inside that a browser needs, and pictures beside it as PNG.

Loads nothing from anywhere. Sound of a few conversations lies inside up to a limit that the page tells; the
others are links to files in the same folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from pipeline.errors import UserError

from . import recording as recordings
from .html_about import about, banner, clock_of, headline, troubles
from .html_cells import ms, table
from .html_figures import figures, groups, load_groups
from .html_load import knee_card, load_told
from .html_player import Sound, conversation, embedded, linked, outcome
from .kinds import APART as APART_KINDS
from .pictures import NEEDS, drawable
from .pictures_data import APART
from .pictures_page import Drawn, draw_all, elsewhere
from .report import Read, Report, of_read, read_folder, save
from .report_markdown import markdown

PAGE = "report.html"
MARKDOWN = "report.md"
DRAWN = 24
"""Conversations that are drawn at most; the others are lines of a table."""
_KEY = (
    ("--c1", "user"), ("--c0", "agent"), ("--rule", "voice to voice"), ("--c4", "labelled pause"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How much sound goes into the page."""

    conversations: int = 6
    megabytes: float = 6.0
    "Of the sound as it stands in the page."

    def __post_init__(self) -> None:
        if self.conversations < 0 or not 0 <= self.megabytes <= 200:
            raise UserError(
                f"{self.conversations} conversations and {self.megabytes:g} MB of sound are not possible; "
                "accepted are 0 or more conversations and 0 to 200 MB"
            )


def write_page(folder: Path, limits: Limits | None = None, *, listen: bool = False) -> Path:
    """Score a folder and write its page and pictures into it; returns the page's path.

    ``listen``: hear the answers too. Raises UserError where there is no conversation or nothing can be
    written; what cannot be scored is told on the page.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; name the one that hocket bench run wrote (--out)")
    missed: list[str] = []
    read = read_folder(folder, listen=listen, missed=missed)
    if not read and missed:
        raise UserError(f"nothing in {folder} can be scored: {missed[0]}")
    if not read:
        raise UserError(
            f"{folder} holds no conversation; one is a folder with conversation.wav and labels.json"
        )
    page = folder / PAGE
    found = of_read(folder, read, missed)
    try:
        save(found, folder)
        drawn = draw_all(folder, read, found) if drawable() else Drawn()
        page.write_text(html(folder, read, found, drawn, limits or Limits()), encoding="utf-8")
        (folder / MARKDOWN).write_text(markdown(folder, found, drawn), encoding="utf-8")
    except OSError as error:
        said = f"cannot write into {folder}: {error.strerror}; make it writable, or copy the run elsewhere"
        raise UserError(said) from None
    return page


def html(folder: Path, read: Sequence[Read], found: Report, drawn: Drawn, limits: Limits) -> str:
    """The whole page as text."""
    name, load = escape(folder.resolve().name), load_told(folder)
    knee = None if load is None else knee_card(load)
    parts = (
        f"<header><h1>hocket bench: {name}</h1>{banner(found)}{headline(found, knee)}</header>",
        _part("What was measured", about(found)),
        _part("Pictures", _pictures(folder, drawn)),
        _part("Figures", figures([*load_groups(folder), *groups(found)]) + _withholding()),
        _part("Missing, late or failed", troubles(found)),
        _part("Listen", "".join(_listen(folder, read, limits))),
    )
    clock = clock_of(found) or "clock not told"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>hocket bench: {name} ({clock})</title><style>{_asset('html_page.css')}</style></head>"
        f"<body>{''.join(parts)}<script>{_asset('html_player.js')}</script></body></html>\n"
    )


def _part(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _withholding() -> str:
    return (
        '<p class="faint">Times in milliseconds. A reply that never came counts as 5 s, a stop that never '
        "came as 2 s. Figures of fewer than 10 events and 99th percentiles of fewer than 300 are withheld "
        'here and stand in <a href="report.json">report.json</a>.</p>'
    )


def _pictures(folder: Path, drawn: Drawn) -> str:
    others = "".join(
        f'<figure><figcaption>{escape(title)}</figcaption><img alt="{escape(title)}" src="{source}"></figure>'
        for title, source in elsewhere(folder)
    )
    if not drawable():
        told = f"<p>The charts need matplotlib: {escape(NEEDS)}, and the report again.</p>"
        return told + (f'<div class="pictures">{others}</div>' if others else "")
    left = f'<p class="faint">Not drawn: {escape("; ".join(drawn.absent))}.</p>' if drawn.absent else ""
    inside = "".join(
        f"<figure{_across(one.wide)}><figcaption>{escape(one.title)} "
        f'<a class="faint" href="{quote(one.name)}.png">PNG</a></figcaption>'
        f"{_labelled(one.svg, f'{one.title}. {one.told}')}</figure>"
        for one in drawn.pictures
    )
    return f'<div class="pictures">{others}{inside}</div>{left}'


def _across(wide: bool) -> str:
    return ' class="across"' if wide else ""


def _labelled(svg: str, told: str) -> str:
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(told)}"', 1)


def _listen(folder: Path, read: Sequence[Read], limits: Limits) -> Iterator[str]:
    ordered = notable(read)
    sounds: list[str] = []
    spent = inside = 0
    for one in ordered[:DRAWN]:
        assert one.place is not None, "a folder's conversations have a place"
        recording = recordings.load(one.place / "conversation.wav")
        sound: Sound | None = embedded(recording) if inside < limits.conversations else None
        if sound is None or spent + len(sound.source) > 1e6 * limits.megabytes:
            sound = linked(_relative(folder, one))
        else:
            spent, inside = spent + len(sound.source), inside + 1
        sounds.append(conversation(one, recording, sound))
    yield (
        "<p>User on the left and above, agent on the right and below. Click a lane to seek; with a lane in "
        "focus, space plays, the arrows seek, comma and full stop go from turn to turn. "
        f"The sound of {inside} conversations lies inside this page ({spent / 1e6:.1f} MB, at most "
        f"{limits.conversations} and {limits.megabytes:g} MB: those of each scenario with the longest waits "
        "first); the others play from the files beside it.</p>"
    )
    key = "".join(f'<li><i style="background:var({colour})"></i>{what}</li>' for colour, what in _KEY)
    yield f'<ul class="key">{key}<li>dashed: a decision of the session</li></ul>'
    yield from sounds
    yield _all(folder, read)


def notable(read: Sequence[Read]) -> list[Read]:
    """Conversations of each scenario in turn, worst first: what went wrong is what one wants to hear."""
    scenarios: dict[str, list[Read]] = {}
    for one in read:
        scenarios.setdefault(one.labels.scenario, []).append(one)
    for group in scenarios.values():
        group.sort(key=_badness, reverse=True)
    apart = {one.labels.scenario for one in read if one.kind in APART_KINDS}
    ordered = sorted(scenarios, key=lambda name: (name in apart or name.startswith(APART), name))
    deepest = max((len(group) for group in scenarios.values()), default=0)
    return [
        scenarios[name][rank] for rank in range(deepest) for name in ordered if rank < len(scenarios[name])
    ]


def _badness(one: Read) -> float:
    turns = one.score.turns
    waits = [turn.voice_to_voice for turn in turns if turn.voice_to_voice is not None]
    wrong = sum(turn.event is not None and turn.event.right is False for turn in turns)
    return max(waits, default=0.0) + wrong + sum(turn.cut_in + turn.doubles for turn in turns)


def _all(folder: Path, read: Sequence[Read]) -> str:
    lines = []
    for one in read:
        waits = [turn.voice_to_voice for turn in one.score.turns if turn.voice_to_voice is not None]
        odd = [f"{turn.number}: {outcome(turn)}" for turn in one.score.turns if turn.cut_in or turn.censored]
        link = f'<a href="{quote(_relative(folder, one))}">{escape(one.labels.conversation)}</a>'
        lines.append((link, f"{one.score.seconds:.0f} s", str(len(one.score.turns)),
                      ms(max(waits)) if waits else "", _long(escape("; ".join(odd)))))  # fmt: skip
    head = ("conversation", "length", "turns", "longest wait", "cut in or missed")
    return table("All conversations", head, lines)


def _long(told: str) -> str:
    return f'<span class="long">{told}</span>' if told else ""


def _relative(folder: Path, one: Read) -> str:
    assert one.place is not None
    return (one.place / "conversation.wav").relative_to(folder).as_posix()
