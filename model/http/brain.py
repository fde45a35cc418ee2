"""A brain behind a server, as the session sees any brain: ports.Compute with facts, prefill and generate.

Asking it is a function of the prompt, like any engine; which address answers, and what it had kept of earlier
requests, changes only how soon. It runs on the caller's loop alone, real or virtual.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx

from pipeline.clock import now
from pipeline.desk import LIMIT, closed, full
from pipeline.errors import HocketError, ModelError, PeerError
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Prompt

from .accounting import Account, Spent
from .ahead import settled
from .client import Client, Refused
from .config import HttpConfig
from .dialect import Able, Dialect, How, nameable
from .dialects import dialect_of
from .facts import Measured, facts_of
from .generation import Generation, Line
from .hosts import Host, Hosts
from .keys import key_of
from .probe import Found, Probe, choose
from .server import Server

_HEARS = re.compile(r"(?:^|[-_/.:])(?:audio|omni|ultravox|voxtral)", re.IGNORECASE)
"""Names of models that take sound, for servers that are not asked."""


class HttpBrain:
    """ports.Compute over one server."""

    def __init__(
        self,
        server: Server,
        config: HttpConfig | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        environ: Mapping[str, str] | None = None,
        chance: Callable[[], float] = random.random,
        dialect: Dialect | None = None,
    ) -> None:
        """``transport`` carries requests in place of the network; ``chance`` gives numbers in [0, 1).

        Raises ConfigError for a server that cannot be asked: an unknown dialect, no key. Connects to nothing.
        """
        self._config = config or HttpConfig()
        self._server = server = _meant(server, self._config)
        self._dialect = dialect or dialect_of(server.dialect)
        client = Client(server, self._config, key_of(server, environ), transport)
        hosts = Hosts(server.urls, rest=self._config.rest, longest=self._config.longest_rest, chance=chance)
        self._account = Account(self._config)
        self._line = Line(client, hosts, self._account, self._config, self._dialect, chance)
        self._how = How(server.model)
        self._facts: BrainFacts | None = None
        self._learning = asyncio.Lock()
        self._open = 0
        self._generating = 0
        self._reading: asyncio.Timeout | None = None
        self._next_reading = 0.0
        self._read: dict[str, Prompt] = {}

    @property
    def alive(self) -> bool:
        """False once closed."""
        return not self._line.client.closed

    @property
    def able(self) -> Able:
        """What it can do, as far as is known."""
        return self._how.able

    def spent(self) -> Spent:
        """What it has read and written so far, and the money for that."""
        return self._account.spent

    async def call(self, method: str, *args: Any) -> Any:
        """``facts()`` -> BrainFacts; ``prefill(prompt, session="")`` -> tokens newly read."""
        with self._admitted():
            if method == "facts":
                return await self._known()
            if method == "prefill":
                return await self._prefill(*args)
            raise ModelError(f"a brain behind a server cannot {method!r}; it has facts and prefill")

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """``generate(prompt, limits, session="")`` -> Pieces; closing the iterator frees the server."""
        with self._admitted():
            if method != "generate":
                raise ModelError(f"a brain behind a server cannot stream {method!r}; it has generate")
            generating = self._generate(*args)
            async with aclosing(generating) as pieces:  # type: ignore[type-var]  # it is a generator
                async for piece in pieces:
                    yield piece

    async def close(self) -> None:
        """Fail whoever waits with ClosedError and let go of the connections."""
        if self.alive:
            await self._line.client.close()

    # --- what it can do ----------------------------------------------------------------------------------

    async def _known(self) -> BrainFacts:
        async with self._learning:
            if self._facts is None:
                self._facts = await self._learn()
            return self._facts

    async def _learn(self) -> BrainFacts:
        """Raises ModelError where no address answers."""
        server, config = self._server, self._config
        believed: Able = getattr(self._dialect, "believed", Able())
        probing = not server.hosted and not config.priced if config.probe is None else config.probe
        model, notes = server.model, []
        try:
            if not server.hosted or not model or probing:
                model = await self._model()
            found = Found(self._dialect, model, believed)
            if probing:
                found = await Probe(self._line, found).run()
                notes += found.notes
            else:
                hears = believed.hears or _HEARS.search(model) is not None
                found.able = replace(believed, hears=hears)
            if not probing and not server.hosted:
                notes.append("It was not probed; what it can do is taken from its documentation.")
        except (PeerError, Refused) as error:
            raise ModelError(str(error)) from error
        able = replace(found.able, **config.told)
        self._line = replace(self._line, dialect=found.dialect)
        segment = getattr(found.dialect, "segment", config.segment) if able.caches else 0.0
        self._how = How(found.model, able, "", segment, config.temperature, config.extra)
        measured = found.measured if probing else Measured()
        patient = min(config.first_token, max(config.elsewhere, 3.0 * (measured.first or 0.0)))
        self._line = replace(self._line, config=replace(config, elsewhere=patient))
        return facts_of(server, found.model, able, measured, config, tuple(notes))

    async def _model(self) -> str:
        """The model that is meant, asked of the first address that answers."""
        client, hosts, dialect, server = self._line.client, self._line.hosts, self._dialect, self._server
        if server.model and dialect.name == "transformers":
            return server.model  # it serves any folder, and lists what was downloaded (500 where nothing was)
        tried: list[Host] = []
        failed = PeerError("there is no address")
        for _ in hosts.all:
            host = hosts.pick("", now(), tried)
            assert host is not None, "as many as there are"
            tried.append(host)
            try:
                payload = await client.fetch(host.url + dialect.models, None, self._config.connect * 2)
            except PeerError as error:
                hosts.failed(host, now())
                failed = error
                continue
            except Refused as error:
                if server.model and "(404)" in str(error):
                    return server.model  # it keeps no list
                raise
            hosts.answered(host, "")  # so that it is the one that is probed
            listed = tuple(each for each in dialect.listed(payload) if nameable(each.name))
            return choose(listed, server.model, hosted=server.hosted, place=server.title)
        raise failed

    # --- asking it ---------------------------------------------------------------------------------------

    async def _generate(self, prompt: Prompt, limits: Limits, session: str = "") -> AsyncIterator[Piece]:
        await self._known()
        self._generating += 1
        self._stop_reading()
        try:
            generation = Generation(self._line, prompt, limits, replace(self._how, session=session))
            async with aclosing(generation.pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._generating -= 1

    async def _prefill(self, prompt: Prompt, session: str = "") -> int:
        """Have it read a prompt ahead, where that pays: never while it writes, nor for money."""
        facts = await self._known()
        busy = self._generating or self._reading is not None or now() < self._next_reading
        if busy or facts.paid or not self.able.caches:
            return 0
        ahead = settled(prompt, self._how.segment)
        if ahead == self._read.get(session):
            return 0
        self._next_reading = now() + self._config.prefill_every
        generation = Generation(self._line, ahead, Limits(1), replace(self._how, session=session))
        before = self._account.spent
        try:
            async with asyncio.timeout(self._config.whole) as self._reading:
                async for _ in generation.pieces():
                    pass
        except (TimeoutError, HocketError):
            return 0  # nothing is lost but time: the draft reads it itself, and tells what is wrong
        finally:
            self._reading = None
        self._read = {session: ahead}
        spent = self._account.spent
        return spent.read - before.read - (spent.cached - before.cached)

    def _stop_reading(self) -> None:
        """A generation waits for nobody who reads ahead."""
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(now())

    @contextlib.contextmanager
    def _admitted(self) -> Iterator[None]:
        if not self.alive:
            raise closed()
        if self._open >= LIMIT:
            raise full()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


def _meant(server: Server, config: HttpConfig) -> Server:
    """The server as the settings have it: whose key, and whether it costs money."""
    key_env = config.key_env or server.key_env
    service = server.hosted or bool(key_env and all(url.startswith("https:") for url in server.urls))
    return replace(server, key_env=key_env, hosted=service if config.hosted is None else config.hosted)
