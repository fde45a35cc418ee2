"""``hocket serve``: where it listens and for whom, said in the first lines; then calls, until it is ended."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agent.config import Config
from agent.headline import headline
from agent.persona import Agent
from agent.story import clean
from pipeline.clock import run
from pipeline.errors import ConfigError, UserError
from pipeline.ports import EdgeReport

from .addresses import is_loopback, own_addresses
from .config import ServeConfig
from .listening import Where, listening, until_stopped
from .server import Server
from .tidying import set_aside

EVERYWHERE = "0.0.0.0"
NO_KEY = (
    "{host} can be reached from other machines, and nobody would be asked who they are: set HOCKET_API_KEY "
    "to a long random text that callers have to show, or give --lan to make a key and a certificate for a "
    "phone or another machine of yours, or stay on --host 127.0.0.1"
)
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line says over the settings; None: nothing."""

    host: str | None = None
    port: int | None = None
    lan: bool = False
    "For other machines of the same network: a key and a certificate are made."
    certificate: Path | None = None
    private_key: Path | None = None
    most: int | None = None


def serve_command(
    config: Config, options: ServeOptions, *, key: str, folder: Path, tell: Tell, agent: Agent | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    ``key``: HOCKET_API_KEY, or empty. ``folder``: of the user's data, where a certificate may be kept. Raises
    UserError for an address that may not or cannot be had, and what ``parts`` raises.
    """
    _needs_web()
    settings = _over(config.serve, options)
    plan = Plan.of(settings, options, key)
    _log_to_stderr()
    run(lambda: _serve(replace(config, serve=settings), plan, folder, tell, agent), fast=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """For whom a server listens."""

    key: str
    made: bool
    "The key is of this run only, and is shown."
    names: tuple[str, ...]
    "Host names and addresses under which it may be asked for."
    sign: bool
    "With a certificate that this machine signs."

    @staticmethod
    def of(settings: ServeConfig, options: ServeOptions, key: str) -> Plan:
        """Raises UserError where everybody could call without being asked."""
        if key and len(key) < 16:
            raise UserError("HOCKET_API_KEY is too short to keep anybody out: give 16 characters or more")
        outside = not is_loopback(settings.host)
        if outside and not key and not options.lan:
            raise UserError(NO_KEY.format(host=settings.host))
        made = options.lan and not key
        names = tuple(dict.fromkeys(_names(settings.host))) if outside else ()
        sign = options.lan and settings.certificate is None
        return Plan(key or (secrets.token_urlsafe(24) if made else ""), made, names, sign)


def _names(host: str) -> Iterator[str]:
    if host not in (EVERYWHERE, "::"):
        yield host
        return
    yield from own_addresses()
    name = socket.gethostname().lower()
    if name and name != "localhost":
        yield from (name, name if "." in name else f"{name}.local")


def _over(settings: ServeConfig, options: ServeOptions) -> ServeConfig:
    host = options.host or (EVERYWHERE if options.lan and is_loopback(settings.host) else settings.host)
    try:
        return replace(
            settings,
            host=host,
            port=settings.port if options.port is None else options.port,
            most=settings.most if options.most is None else options.most,
            certificate=options.certificate or settings.certificate,
            private_key=options.private_key or settings.private_key,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _needs_web() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("aiohttp", "msgspec", "aiortc") if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise UserError(f"serving needs {names}, which is not installed: pip install 'hocket[web]'")


def _log_to_stderr() -> None:
    """One line for each call and each refusal; what others log is a warning or nothing."""
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    ours = logging.getLogger("hocket")
    ours.handlers, ours.propagate = [lines], False
    ours.setLevel(logging.INFO)


async def _serve(config: Config, plan: Plan, folder: Path, tell: Tell, agent: Agent | None) -> None:
    from .certificate import Tls, own_certificate, self_signed

    settings, tls = config.serve, None
    if settings.certificate is not None and settings.private_key is not None:
        tls = own_certificate(settings.certificate, settings.private_key)
    elif plan.sign:
        tls = self_signed(["localhost", "127.0.0.1", *plan.names], folder)
    server = Server(agent, config, key=plan.key, hosts=plan.names)
    context = tls.context if isinstance(tls, Tls) else None
    async with listening(server, settings.host, settings.port, context) as where:
        set_aside()
        for line in _first_lines(server, plan, where, tls.fingerprint if tls else ""):
            tell(line)
        server.invited = lambda: tell(f"A page was let in. For another one: {_page(server, plan, where)}")
        await until_stopped(server, tell)
    tell("Ended.")


def _first_lines(server: Server, plan: Plan, where: Where, fingerprint: str) -> Iterator[str]:
    built, edge = server.built, EdgeReport("browser", "cancelled", 0.15)
    thinks = server.config.mechanisms.listening_thoughts
    yield headline(built.facts, built.voice.name, edge, listening=thinks, pace=server.config.brain.pace)
    if built.facts.note:
        yield clean(built.facts.note)
    page = _page(server, plan, where)
    yield f"The page: {page}" if server.page is not None else f"Listening on {where.url}"
    if plan.names and server.page is not None:
        yield from code(page)
        yield "The link lets one page in, once."
    yield f"For Realtime clients: base URL {_outer(plan, where)}/v1" + (
        f", key {plan.key}" if plan.made else ""
    )
    if fingerprint:
        yield (
            "The certificate is this machine's own, so the browser warns once: choose Advanced, then Proceed "
            "(Safari: Show Details, visit this website). It is ours if its SHA-256 is"
        )
        yield f"  {fingerprint}"
    elif plan.names and not where.secure:
        yield "Browsers give no microphone to a page without HTTPS: give --cert, or put a proxy before it."
    yield "Ctrl-C ends."


def _outer(plan: Plan, where: Where) -> str:
    """Where others reach it, if any do; else where this machine does."""
    return replace(where, host=plan.names[0]).url if plan.names else where.url


def _page(server: Server, plan: Plan, where: Where) -> str:
    """The address to open, with what lets a page in where that is needed."""
    url = _outer(plan, where)
    return f"{url}/?key={server.door.invite()}" if plan.key else f"{url}/"


def code(text: str) -> Iterator[str]:
    """The text as a picture for a phone's camera, where ``segno`` is installed."""
    from io import StringIO

    with suppress(ImportError):
        import segno

        out = StringIO()
        segno.make(text, error="l").terminal(out, compact=True)
        yield from out.getvalue().splitlines()
