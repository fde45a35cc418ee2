"""One generation over however many attempts it takes: retried before its first token, gone on elsewhere
after it.

No token is passed on twice and none is lost: another address goes on from exactly what was passed on, or the
generation ends with an error that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from pipeline.clock import now
from pipeline.errors import ModelError, PeerError
from pipeline.ports import Limits, Piece
from pipeline.prompt import Prompt

from .accounting import Account, reading
from .canonical import Canonical
from .client import Client, Patience, Unreachable
from .config import HttpConfig
from .dialect import Dialect, How, Usage
from .hosts import Host, Hosts
from .opening import open_part

_OVER = 16
"""Tokens beyond the limit, thoughts and calls included, after which a server that knows none is stopped."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a generation is given."""

    client: Client
    hosts: Hosts
    account: Account
    config: HttpConfig
    dialect: Dialect
    chance: Callable[[], float]


class Generation:
    """Pieces of one answer."""

    def __init__(self, line: Line, prompt: Prompt, limits: Limits, how: How) -> None:
        """Raises ModelError where the prompt leaves no reply open."""
        self._line, self._prompt, self._limits, self._how = line, prompt, limits, how
        self._canonical = Canonical(open_part(prompt), limits, how.able)
        self._passed = False
        "A piece was passed on."

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The canonical stream. Raises ModelError where no address can give it."""
        line, config, began = self._line, self._line.config, now()
        first_by, tried, rounds = began + config.first_token, list[Host](), 0
        while True:
            host = await self._choose(tried)
            before = self._canonical.tokens
            try:
                async with aclosing(self._attempt(host, first_by, began + config.whole)) as pieces:
                    async for piece in pieces:
                        self._passed = self._passed or bool(piece.text)
                        yield piece
                return
            except Unreachable as error:
                line.hosts.failed(host, now(), error.after)
                tried = [host] if self._canonical.tokens > before else [*tried, host]
                failed = error
            if self._passed:
                if not self._how.able.continues:
                    raise ModelError(f"{failed}, and this brain cannot go on from the middle") from failed
                if len(tried) == len(line.hosts.all):
                    raise ModelError(f"{failed}, and no other address can go on with it") from failed
                first_by = now() + config.elsewhere
            elif len(tried) == len(line.hosts.all):
                tried, rounds = [], rounds + 1
                await self._again(rounds, first_by, failed)

    async def _choose(self, tried: list[Host]) -> Host:
        """The address to ask. One that failed lately must show that it is back, where another is well."""
        line = self._line
        while True:
            host = line.hosts.pick(self._how.session, now(), tried)
            assert host is not None, "there is one: the list of those tried is emptied before each round"
            if not host.doubtful or not line.hosts.others(host, now()):
                return host
            try:
                await line.client.fetch(host.url + line.dialect.models, None, line.config.check)
            except PeerError:
                line.hosts.failed(host, now())
            except ModelError:
                return host  # it answers, if only to refuse a list
            else:
                return host

    async def _again(self, rounds: int, first_by: float, failed: Unreachable) -> None:
        """Wait before another round. Raises ModelError where there is no time or chance for one."""
        config = self._line.config
        pause = config.pause * 2 ** (rounds - 1) * (0.5 + self._line.chance())
        pause = max(pause, failed.after)
        if rounds > config.retries or now() + pause >= first_by:
            raise ModelError(str(failed)) from failed
        await asyncio.sleep(pause)

    async def _attempt(self, host: Host, first_by: float, whole_by: float) -> AsyncGenerator[Piece, None]:
        """What one address gives. Raises Unreachable where it does not give all of it."""
        line, canonical = self._line, self._canonical
        prompt, limits = self._rest()
        ask = line.dialect.ask(prompt, limits, self._how)
        canonical.begin(ask.begun)
        taken, usage, why, failed = 0, None, "", False
        bits = line.client.bits(host.url, ask, line.dialect, self._patience(host, first_by, whole_by))
        line.account.admit()
        try:
            async with aclosing(bits) as stream:
                async for bit in stream:
                    usage, why = bit.usage or usage, why or bit.finish
                    if bit.tokens and not taken:
                        line.hosts.answered(host, self._how.session)
                    taken += bit.tokens
                    for piece in canonical.feed(bit):
                        yield piece
                    if canonical.over:
                        return
                    if taken > limits.max_tokens + _OVER:
                        why = "length"
                        break
            for piece in canonical.finish(why or "stop"):
                yield piece
        except (PeerError, ModelError):
            failed = True
            raise
        finally:
            told = usage if usage and usage.read + usage.written else None  # some count from 0 up to the end
            if told or taken or not failed:  # what failed with no token is taken to cost nothing
                line.account.add(told or Usage(reading(prompt), 0, taken), told=told is not None)

    def _rest(self) -> tuple[Prompt, Limits]:
        """The prompt with what was passed on already."""
        if not self._passed:
            return self._prompt, self._limits
        written = self._canonical.written
        left = max(1, self._limits.max_tokens - written.tokens)
        return Prompt((*self._prompt.parts[:-1], written.reply)), replace(self._limits, max_tokens=left)

    def _patience(self, host: Host, first_by: float, whole_by: float) -> Patience:
        """Short where somebody else could be asked, and could take it over."""
        config, between = self._line.config, self._line.config.between_tokens
        if self._line.hosts.others(host, now()):
            first_by = min(first_by, now() + config.elsewhere)
            if self._how.able.continues:
                between = min(between, config.elsewhere)
        return Patience(first_by, between, whole_by)
