"""What a server can do, found by asking it a few short things: within a deadline and a ceiling of tokens.

What could not be found out in time counts as its documentation has it, and a sentence says so. Nothing is
asked of a server that costs money unless the settings say so.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.clock import now
from pipeline.errors import HocketError, PeerError
from pipeline.ports import CAPTURE_RATE, Limits
from pipeline.prompt import Audio, Human, Prompt, Reply, System, Text, ToolSpec

from .accounting import reading
from .client import Patience, Refused, Unreachable
from .dialect import Able, Bit, Dialect, How, Learner, Listed, Told, Usage
from .facts import Measured
from .generation import Line

_COUNTED = "One, two, three, four, five, six, seven,"
_COUNT = Human((Text("Count from one to twenty in English words, with commas between them."),))
_NEXT = re.compile(r"\W*(eight|8)\b", re.IGNORECASE)
_OVER_AGAIN = re.compile(r"\W*(one|1|sure|here|certainly|okay|ok|of course|<think)\b", re.IGNORECASE)
_THINKERS = re.compile(r"(?:^|[-_/.:])(?:r1|qwq|think(?:ing)?|reason(?:ing|er)?)(?:$|[-_/.:])", re.IGNORECASE)
"""Names of models whose template opens the thought itself, so that no marker is seen."""
_TOOL = ToolSpec(
    "look_up_the_weather",
    "Tells the weather of a place.",
    '{"properties":{"place":{"type":"string"}},"required":["place"],"type":"object"}',
)
_LOADING = 0.5
"""Seconds until a server that is loading its model is asked again."""
_SECONDS = 0.4
"""Of sound that it is asked to hear."""
_LONG = "We met by the river in spring, and talked of boats, bread and the long road home. " * 12
"""Text to be read twice, where no count tells whether it was kept."""


@dataclass(slots=True)
class Tried:
    """One small answer."""

    text: str = ""
    thought: str = ""
    tokens: int = 0
    first: float | None = None
    "Seconds to its first token."
    spent: float = 0.0
    "Seconds from the first to the last."
    logprobs: bool = False
    usage: Usage | None = None
    error: HocketError | None = None

    @property
    def refused(self) -> bool:
        return isinstance(self.error, Refused)

    @property
    def read(self) -> int | None:
        """Tokens that it says it read."""
        return self.usage.read if self.usage and self.usage.read else None


@dataclass(slots=True)
class Found:
    """What is known so far."""

    dialect: Dialect
    model: str
    able: Able
    measured: Measured = field(default_factory=Measured)
    notes: list[str] = field(default_factory=list)


class Probe:
    """Asks one server."""

    def __init__(self, line: Line, found: Found) -> None:
        """``found``: the model, and what is believed of the server."""
        self._line, self._found = line, found
        self._by = now() + line.config.probing
        self._left = line.config.probe_tokens
        self._told = Told()

    async def run(self) -> Found:
        """All of it, as far as time and tokens go. Raises PeerError only where nothing answers at all."""
        found, dialect = self._found, self._found.dialect
        if isinstance(dialect, Learner):
            found.dialect, self._told = await dialect.learn(self._fetch, found.model)
            if found.dialect.name != dialect.name:
                found.able = getattr(found.dialect, "believed", found.able)
            known = {name: value for name in _FIELDS if (value := getattr(self._told, name)) is not None}
            found.able = replace(found.able, **known)
        try:
            await self._speak()
            for step in (self._continues, self._hears, self._tools, self._caches):
                if now() < self._by and self._left > 0:
                    await step()
                elif _LATE not in found.notes:
                    found.notes.append(_LATE)
        except TimeoutError:
            found.notes.append(_LATE if found.measured.first is not None else _SILENT)
        return found

    async def _fetch(self, path: str, body: Any = None) -> Any:
        host = self._line.hosts.pick("", now())
        assert host is not None
        try:
            return await self._line.client.fetch(host.url + path, body, max(0.1, self._by - now()))
        except Refused as error:
            raise PeerError(str(error)) from error

    # --- the questions -----------------------------------------------------------------------------------

    async def _speak(self) -> None:
        """Does it think; is it told how likely tokens are; how fast is it."""
        found, told = self._found, self._told
        able = Able(thinks=told.thinks is not False, logprobs=told.logprobs is not False, tools="no")
        tokens = max(1, min(32, self._left // 2))
        tried = await self._ask(Prompt((_COUNT, Reply())), tokens, able)
        while isinstance(tried.error, Unreachable) and tried.error.loading and now() + _LOADING < self._by:
            await asyncio.sleep(_LOADING)
            tried = await self._ask(Prompt((_COUNT, Reply())), tokens, able)
        if isinstance(tried.error, Unreachable) and not tried.tokens:
            tried = await self._ask(Prompt((_COUNT, Reply())), tokens, able)  # a kept connection was stale
        if tried.refused:
            tried = await self._ask(Prompt((_COUNT, Reply())), tokens, Able(tools="no"))
        if tried.error is not None:
            raise tried.error
        style = _style(tried, found.model)
        if told.thinks is None or style:
            found.able = replace(found.able, thinks=bool(style), thoughts=style)
        found.able = replace(found.able, logprobs=tried.logprobs)
        rate = (tried.tokens - 1) / tried.spent if tried.tokens >= 4 and tried.spent > 0 else None
        found.measured = Measured(rate, tried.first)

    async def _continues(self) -> None:
        """Does it go on from the beginning of its own message."""
        if self._told.continues is not None:
            return
        able = replace(self._found.able, continues=True, logprobs=False)
        reply = Reply(None, thinking=False, said=_COUNTED)
        tried = await self._ask(Prompt((_COUNT, reply)), 8, able)
        said = tried.text or tried.thought
        believed = self._found.able.continues
        yes = bool(_NEXT.match(said)) or (believed and not _OVER_AGAIN.match(said) and not tried.refused)
        if tried.error is not None and not tried.refused:
            yes = believed
        self._found.able = replace(self._found.able, continues=yes)
        if yes and not tried.text and tried.thought:
            self._found.able = replace(self._found.able, thoughts="mixed")
        first, known = tried.first, self._found.measured
        if first is not None and (known.first is None or first < known.first):
            self._found.measured = replace(known, first=first)  # the first request may have loaded the model

    async def _hears(self) -> None:
        """Does it take sound, and read it: some servers take it and drop it."""
        if self._told.hears is not None:
            return
        words = Text("Say yes.")
        tone = 0.1 * np.sin(np.arange(round(_SECONDS * CAPTURE_RATE)) * (2 * np.pi * 220 / CAPTURE_RATE))
        able = Able(hears=True, tools="no")
        heard = await self._ask(Prompt((Human((Audio(tone.astype(np.float32)), words)), Reply())), 1, able)
        hears = heard.error is None
        if hears and heard.read is not None:
            plain = await self._ask(Prompt((Human((words,)), Reply())), 1, Able(tools="no"))
            hears = plain.read is None or heard.read > plain.read
            if not hears:
                self._found.notes.append("It takes sound and drops it; it is given text.")
        self._found.able = replace(self._found.able, hears=hears)

    async def _tools(self) -> None:
        """Does it know tools, and tell its model of them."""
        if self._told.tools is not None or self._found.able.tools == "no":
            return
        asked, able = Human((Text("Say yes."),)), Able(tools="native")
        tried = await self._ask(Prompt((System("Be brief.", (_TOOL,)), asked, Reply())), 1, able)
        native = tried.error is None
        if native and tried.read is not None:
            plain = await self._ask(Prompt((System("Be brief."), asked, Reply())), 1, Able(tools="no"))
            native = plain.read is None or tried.read > plain.read
        self._found.able = replace(self._found.able, tools="native" if native else "text")

    async def _caches(self) -> None:
        """Does it keep what it has read."""
        if self._told.caches is not None or self._found.able.caches:
            return
        prompt = Prompt((Human((Text(_LONG),)), Reply()))
        once = await self._ask(prompt, 1, Able(tools="no"))
        if once.error is not None or now() + (once.first or 0.0) > self._by:
            return
        again = await self._ask(prompt, 1, Able(tools="no"))
        told = again.usage is not None and again.usage.cached > 0
        quick = (
            once.first is not None
            and again.first is not None
            and once.first - again.first > 0.03
            and again.first < once.first / 2
        )
        self._found.able = replace(self._found.able, caches=told or quick)

    # --- asking ------------------------------------------------------------------------------------------

    async def _ask(self, prompt: Prompt, tokens: int, able: Able) -> Tried:
        """One small request; what went wrong is in its ``error``. Raises TimeoutError when time is up."""
        line, found, tried = self._line, self._found, Tried()
        host = line.hosts.pick("", now())
        assert host is not None
        how = How(found.model, able, "", extra=line.config.extra)
        began = now()
        enough = began + (self._by - began) / 2  # a slow brain's first words tell its pace
        try:
            ask = found.dialect.ask(prompt, Limits(max(1, tokens)), how)
            line.account.admit()
            patience = Patience(self._by, self._by - now(), self._by)
            bits = line.client.bits(host.url, ask, found.dialect, patience)
            async with asyncio.timeout_at(self._by), aclosing(bits) as stream:
                async for bit in stream:
                    _note(tried, bit, now() - began)
                    if tried.tokens > 2 * tokens + 8 or (tried.tokens and now() >= enough):
                        break
            line.hosts.answered(host, "")
        except HocketError as error:
            if now() >= self._by:
                raise TimeoutError from error
            if isinstance(error, Unreachable):
                line.hosts.failed(host, now(), error.after)  # another address, if there is one, is asked next
            tried.error = error
        finally:
            self._left -= tried.tokens
            if tried.tokens or tried.usage:
                line.account.add(
                    tried.usage or Usage(reading(prompt), 0, tried.tokens), told=tried.usage is not None
                )
        return tried


_FIELDS = ("hears", "continues", "thinks", "tools", "logprobs", "caches", "context")
_SILENT = (
    "It gave no token while it was probed: it may be loading its model. What it can do is taken from its "
    "documentation."
)
_LATE = "It was too slow to find out all that it can do; the rest is taken from its documentation."


def _note(tried: Tried, bit: Bit, at: float) -> None:
    tried.text, tried.thought = tried.text + bit.text, tried.thought + bit.thought
    tried.tokens += bit.tokens
    tried.usage = bit.usage or tried.usage
    tried.logprobs = tried.logprobs or bit.logprob is not None
    if bit.tokens:
        tried.first = at if tried.first is None else tried.first
        tried.spent = at - tried.first


def _style(tried: Tried, model: str) -> str:
    """How thoughts come; empty: there are none."""
    if tried.thought:
        return "apart"
    text = tried.text.lstrip().lower()
    if text.startswith(("<think>", "<thinking>")):
        return "marked"
    return "open" if "</think" in text or _THINKERS.search(model) else ""


def choose(listed: tuple[Listed, ...], wanted: str, *, hosted: bool, place: str) -> str:
    """The model to ask for. Raises PeerError where there is none like it."""
    names = [each.name for each in listed]
    if not wanted:
        if not names:
            raise PeerError(f"{place} offers no model; load one there, or name one")
        if hosted:
            raise PeerError(f"name the model that {place} shall run; it has {', '.join(names[:8])} …")
        return names[0]
    if wanted in names or not names or hosted:
        return wanted
    like = [name for name in names if name.partition(":")[0] == wanted or name.rpartition("/")[2] == wanted]
    if like:
        return like[0]
    raise PeerError(f"{place} has no model {wanted!r}; it has {', '.join(names[:8])}")
