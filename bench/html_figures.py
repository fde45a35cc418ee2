"""A report's figures as tables for the page: each with n and its 95 % interval, real and scripted apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import chain

from .html_cells import HEAD, distribution, faint, ms, share, table
from .html_waterfall import MEANING, NAMES, Told
from .pictures_data import APART
from .report import Report, Section
from .stats import percentile
from .summary import FEW


def figures(found: Report, told: Told) -> str:
    """All tables in order; those without data are left out."""
    real = {name: one for name, one in found.sections.items() if not name.startswith(APART)}
    bare = {name: one for name, one in found.sections.items() if name.startswith("overhead")}
    return "".join(chain(
        _voice_to_voice("Voice to voice, from the labelled end of speech to the first audible sample", real),
        _voice_to_voice("The runtime alone: a scripted brain and a tone voice, which cost nothing", bare),
        _decomposition(told),
        _pauses(real), _stops(real), _behaviour(real), _echo(found), _nulls(found), _idle(found),
    ))  # fmt: skip


def _voice_to_voice(caption: str, sections: Mapping[str, Section]) -> Iterator[str]:
    rows = []
    for name, one in sections.items():
        whole, body = one.summary.voice_to_voice, one.summary.to_body
        if whole is not None and body is not None:
            long = ms(body.p50) if body.n >= FEW else faint("withheld")
            rows.append((escape(name), *distribution(whole), share(one.summary.missed), long))
    yield table(caption, ("scenario", *HEAD, "no reply within 5 s", "to its body, p50"), rows)


def _decomposition(told: Told) -> Iterator[str]:
    """Means, because only means add up; medians beside them."""
    parts = [part for one in told.values() if not one.scenario.startswith(APART) for part in one.parts]
    if len(parts) < FEW:
        return
    terms = [one.terms for one in parts]
    rows = []
    for name in NAMES:
        values = [term[name] for term in terms]
        middle = sum(values) / len(values)
        credit = f"{ms(middle)} credit" if middle < 0 else ms(middle)
        rows.append((escape(name), credit, ms(percentile(values, 0.5)), ms(percentile(values, 0.9)),
                     f'<span class="long">{escape(MEANING[name])}</span>'))  # fmt: skip
    totals = [one.total for one in parts]
    mean = f"<strong>{ms(sum(totals) / len(totals))}</strong>"
    rows.append(("<strong>voice to voice</strong>", mean, ms(percentile(totals, 0.5)),
                 ms(percentile(totals, 0.9)), '<span class="long">the sum, turn by turn</span>'))  # fmt: skip
    early = [one.credit for one in parts if one.credit]
    yield table(
        f"Where the time went, {len(parts)} replies", ("part", "mean", "p50", "p90", "what it is"), rows
    )
    if early:
        yield (
            f"<p>In {len(early)} of {len(parts)} replies the first sound was ready before the decision, "
            f"by {ms(percentile(early, 0.5))} in the median: that wait was hidden.</p>"
        )


def _pauses(sections: Mapping[str, Section]) -> Iterator[str]:
    rows = [(escape(name), f"{length:.1f} s", share(found))
            for name, one in sections.items() for length, found in one.summary.pauses.items()]  # fmt: skip
    caption = "Cut-ins at hesitations: the agent became audible in the pause, or after it before the end"
    yield table(caption, ("scenario", "pause", "cut in"), rows)


def _stops(sections: Mapping[str, Section]) -> Iterator[str]:
    rows = []
    for name, one in sections.items():
        if (stop := one.summary.stop) is not None:
            never = f"{stop.censored} of {stop.n}"
            rows.append((escape(name), *distribution(stop), never, share(one.summary.resumed)))
    caption = "Stop latency, from the user's true onset to the agent's silence"
    yield table(caption, ("scenario", *HEAD, "never within 2 s", "audible again under the user"), rows)


def _behaviour(sections: Mapping[str, Section]) -> Iterator[str]:
    rows = []
    for name, one in sections.items():
        told = one.summary
        yields = share(told.yields) if told.yields.n else ""
        minutes = max(told.seconds / 60, 1e-9)
        rows.append((
            escape(name), share(told.cut_ins), yields, f"{told.overlap / minutes:.1f} s", str(told.doubles),
            str(told.unprompted), "" if one.answers is None else share(one.answers),
        ))  # fmt: skip
    head = ("scenario", "turns cut into", "silenced by backchannels", "overlap per minute", "double replies",
            "unprompted", "right number heard")  # fmt: skip
    yield table("Behaviour", head, rows)


def _echo(found: Report) -> Iterator[str]:
    rows = [
        (escape(name), f"{one.summary.seconds / 60:.1f} min", str(one.counts.get("SpeechStarted", 0)),
         str(one.counts.get("CommitDraft", 0)), str(one.counts.get("Hush", 0)))
        for name, one in found.sections.items() if name.startswith("echo")
    ]  # fmt: skip
    head = ("echo", "length", "speech detected", "taken for a turn", "interrupted itself")
    yield table("The agent's own voice in the microphone, nobody else in the room", head, rows)


def _nulls(found: Report) -> Iterator[str]:
    rows = []
    for name, one in found.sections.items():
        whole = one.summary.voice_to_voice
        if name.startswith("null-") and whole is not None:
            delay = float(name.removeprefix("null-").removesuffix("s"))
            worst = max(abs(whole.least - delay), abs(whole.most - delay))
            rows.append((ms(delay), str(whole.n), f"{1000 * worst:.2f} ms"))
    head = ("known delay", "n", "largest error")
    yield table("The harness's own error: agents that answer after a known delay", head, rows)


def _idle(found: Report) -> Iterator[str]:
    if one := found.machine:
        row = (f"{one['start']:.2f} s", f"{100 * one['cpu']:.1f} % of a core", f"{one['rss'] / 1e6:.0f} MB")
        yield table("A session that listens to silence", ("start", "processor", "memory"), [row])
