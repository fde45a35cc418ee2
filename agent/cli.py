"""The command line. Every command imports what it needs when it runs, so that help comes at once.

An error of ours is one sentence on stderr: exit 2 where the user can mend it, 1 elsewhere; never a traceback.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import HocketError, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.config import Config, Echo

VERSION = "0.1.0"
DEMO_FOLDER = Path("hocket-demo")
_EITHER = argparse.BooleanOptionalAction
_EAR = (
    "who writes down your words, for a brain that reads, for captions, and (moonshine) as a second ear of "
    "the practice brain: moonshine, pocketsphinx, whisper:FOLDER, off, or a server's URL (…/v1#MODEL)"
)
_VOICE = (
    "the agent's voice: one that `hocket voices` lists, piper:FILE.onnx, kokoro:FILE.onnx#VOICE, "
    "openai:VOICE, or the URL of a server with /v1/audio/speech (…#VOICE)"
)
_WHICH = (
    "the brain: bundled, a folder, a hub id (org/name@revision), a server's URL (…#MODEL) or its preset "
    "(ollama:MODEL, llama.cpp, vllm, openai:MODEL); `hocket models` tells what there is"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except HocketError as error:
        from agent.story import clean

        told = (clean(line) for line in str(error).splitlines() if line.strip())
        print("hocket: " + "\n  ".join(told), file=sys.stderr)  # a sum of memory has lines
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        print("hocket: stopped", file=sys.stderr)
        return 130


def _run(words: list[str]) -> int:
    if words[:1] == ["simulate"]:
        from sim.command import main as simulate

        return simulate(words[1:])
    if words[:1] == ["bench"]:
        from bench.command import main as bench

        return bench(words[1:])
    if words[:1] == ["serve"]:
        from agent.serve.words import main as serve

        return serve(words[1:])
    given = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = given.run
    return command(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hocket", description="A voice agent that listens, drafts and answers aloud."
    )
    parser.add_argument("--version", action="version", version=f"hocket {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    talk = commands.add_parser("talk", help="talk at the microphone, or hear a demonstration without one")
    _talk_arguments(talk)
    commands.add_parser("serve", help="a page to talk to, and the OpenAI Realtime protocol for programs")
    commands.add_parser("devices", help="list microphones and loudspeakers").set_defaults(run=_devices)
    commands.add_parser("voices", help="list the voices of this machine").set_defaults(run=_voices)
    models = commands.add_parser("models", help="list the brains that can talk, and what fits this machine")
    one = models.add_mutually_exclusive_group()
    one.add_argument("--model", metavar="WHICH", help="tell what this one can do")
    one.add_argument(
        "--get", metavar="ID", help="fetch a hub's model (org/name@revision), asking first, or moonshine"
    )
    models.add_argument("--config", type=Path, metavar="FILE", help="with --model: settings in TOML")
    models.set_defaults(run=_models)
    commands.add_parser("simulate", help="hold scripted conversations in virtual time and check them")
    commands.add_parser("bench", help="measure a runtime, or score a recording")
    commands.add_parser("version", help="print the version").set_defaults(run=_version)
    return parser


def _talk_arguments(talk: argparse.ArgumentParser) -> None:
    talk.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    talk.add_argument(
        "--record", type=Path, metavar="FOLDER", help="keep both voices, the trace and a picture there"
    )
    talk.add_argument(
        "--wav", type=Path, metavar="FILE", help="ask with this recording instead of the microphone"
    )
    talk.add_argument("--out", type=Path, metavar="FILE", help="with --wav: write the answer here")
    talk.add_argument("--demo", action="store_true", help="hear the demonstration, also with a microphone")
    talk.add_argument("--guide", action=_EITHER, help="propose what to ask: usually the first time alone")
    talk.add_argument("--questions", type=_count, metavar="N", help="with --demo: only its first N questions")
    talk.add_argument("--model", metavar="WHICH", help=_WHICH)
    talk.add_argument("--ear", metavar="NAME", help=_EAR)
    talk.add_argument("--voice", metavar="NAME", help=_VOICE)
    talk.add_argument(
        "--microphone", metavar="NAME", help="number or part of the name; `hocket devices` lists them"
    )
    talk.add_argument("--loudspeaker", metavar="NAME", help="as above")
    talk.add_argument(
        "--echo", choices=("cancel", "headphones", "off"), help="against the agent hearing itself"
    )
    talk.set_defaults(run=_talk)


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 6 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"give a whole number from 1 on, not {text[:20]!r}")
    return int(text)


def _config(given: argparse.Namespace) -> Config:
    """The file's settings, with what the command line says over them."""
    from agent.config import Config, Echo, load
    from pipeline.errors import ConfigError

    config = load(given.config) if given.config else Config()
    try:
        return _over(config, given, Echo)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _over(config: Config, given: argparse.Namespace, echo: type[Echo]) -> Config:
    sound = {name: getattr(given, name) for name in ("microphone", "loudspeaker") if getattr(given, name)}
    if given.echo:
        sound["echo"] = echo(given.echo)
    model = config.brain.model if given.model is None else given.model
    voice = config.voice.name if given.voice is None else given.voice
    return replace(
        config,
        brain=replace(config.brain, model=model),
        ear=config.ear if given.ear is None else replace(config.ear, name=given.ear, captions=True),
        voice=replace(config.voice, name=voice),
        sound=replace(config.sound, **sound),
        record=replace(config.record, folder=given.record or config.record.folder),
    )


def _talk(given: argparse.Namespace) -> int:
    from rich.console import Console

    from pipeline.clock import run

    if given.out and not given.wav:
        raise UserError("--out names the file for the answer to a recording: give --wav too")
    if given.questions and not given.demo:
        raise UserError("--questions belongs to the demonstration: give --demo too")
    if given.guide and (given.wav or given.demo):
        raise UserError("--guide belongs to a live talk: leave out --wav and --demo")
    console = Console()
    config = _fetched(_config(given), console)
    if given.wav:
        from agent.talk import talk_file

        run(lambda: talk_file(config, console, given.wav, given.out))
    elif given.demo:
        _demo(config, console, given.questions)
    else:
        settled = given.model is not None or _names(given.config, "brain", "model")
        chosen = given.ear is not None or _names(given.config, "ear", "name")
        _live(config, console, settled=settled, eared=chosen, guide=given.guide)
    return 0


def _names(settings: Path | None, table: str, key: str) -> bool:
    """Also what is usual, which the settings cannot be asked for afterwards."""
    import tomllib

    return settings is not None and key in tomllib.loads(settings.read_text("utf-8")).get(table, {})


def _person() -> Callable[[str], str] | None:
    """Who answers questions; None where nobody sits at a terminal."""
    return _ask if sys.stdin.isatty() and sys.stdout.isatty() else None


def _ask(question: str) -> str:
    """Raises KeyboardInterrupt where the person ends the program or the input instead (Ctrl-C, Ctrl-D)."""
    try:
        return input(question)
    except (EOFError, KeyboardInterrupt):
        print()
        raise KeyboardInterrupt from None


def _settled(config: Config, console: Console) -> Config:
    """Where no brain was named: the one that the person chose, or chooses now among those that run here."""
    from agent.chosen import BUSY, Memory, lost, settle
    from agent.config import BUNDLED
    from model.http.discovery import find
    from pipeline.clock import run

    if config.brain.model != BUNDLED:
        return config
    memory, found = Memory(), run(find)
    if lost(memory, found):
        found = run(lambda: find(BUSY))
    which = settle(memory, found, _person())
    for line in which.told:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    return replace(config, brain=replace(config.brain, model=which.model))


def _fetched(config: Config, console: Console) -> Config:
    """The settings with a hub's model replaced by its folder, fetched if the person says so."""
    from agent.chosen import fetched

    def tell(line: str) -> None:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)

    return replace(config, brain=replace(config.brain, model=fetched(config.brain.model, _person(), tell)))


def _live(config: Config, console: Console, *, settled: bool, eared: bool, guide: bool | None) -> None:
    """At the microphone; on a machine without devices the demonstration, saying why.

    ``settled``, ``eared``: which brain talks, and which ear hears beside it, was said. ``guide``: None where
    neither was asked for.
    """
    from agent.chosen import with_ear
    from agent.guiding import guiding_for
    from agent.talk import talk_live
    from audio_io.devices import open_edge, probe
    from pipeline.clock import run

    named = config.sound.microphone or config.sound.loudspeaker
    problem = None if named else probe()
    if problem is None:
        config = config if settled else _settled(config, console)
        if not eared:
            config = with_ear(config, lambda line: console.print(f"  {line}", style="dim", soft_wrap=True))
        edge, guiding = open_edge(config.sound), guiding_for(config, guide, terminal=console.is_terminal)
        run(lambda: talk_live(config, console, edge, guiding))
        return
    console.print(f"  {problem.sentence}", highlight=False, markup=False, soft_wrap=True)
    console.print("  So here is a spoken conversation instead, in real time.", highlight=False)
    _demo(config, console, None)


def _demo(config: Config, console: Console, count: int | None) -> None:
    from agent.demo import QUESTIONS
    from agent.talk import talk_demo
    from pipeline.clock import run

    folder = config.record.folder or DEMO_FOLDER
    run(lambda: talk_demo(config, console, folder, count or len(QUESTIONS)))


def _devices(_: argparse.Namespace) -> int:
    from audio_io.devices import list_devices

    devices = list_devices()
    for device in devices:
        print(device)
    if not devices:
        print("this machine has no microphone and no loudspeaker; `hocket talk --demo` needs none")
    return 0


def _voices(_: argparse.Namespace) -> int:
    from tts.choose import available_voices

    for number, name in enumerate(available_voices()):
        print(f"{name}{'   (auto)' if not number else ''}")
    print("Also, by name: piper:FILE.onnx, kokoro:FILE.onnx#VOICE, openai:VOICE, http://host:port/v1#VOICE")
    return 0


def _models(given: argparse.Namespace) -> int:
    from agent.chosen import get
    from model.catalogue import table
    from model.machine import machine

    if given.get is not None:
        print(f"{given.get} is in {get(given.get, _person(), print)}")
    elif given.model is not None:
        _told(given)
    else:
        print(table(machine()))
        _running()
    return 0


def _told(given: argparse.Namespace) -> None:
    """What one brain is and can do; a server is asked a few short things, unless they would cost money."""
    from agent.brains import make_brain
    from agent.config import Config, load
    from agent.story import clean
    from model.http.facts import ladder
    from pipeline.clock import run
    from pipeline.errors import ConfigError
    from pipeline.ports import BrainFacts

    config = load(given.config) if given.config else Config()
    try:
        which = replace(config.brain, model=given.model)
    except ValueError as error:
        raise ConfigError(str(error)) from None

    async def ask() -> BrainFacts:
        brain = make_brain(which, config.http)
        try:
            facts: BrainFacts = await brain.call("facts")
            return facts
        finally:
            await brain.close()

    facts = run(ask)
    print(clean(f"{facts.name}: {given.model}"))
    print(f"  {ladder(facts)}")
    print(f"  instructions: {'obeyed' if facts.obeys_instructions else 'ignored'}; tools: {facts.tools}")
    print(f"  remembers {facts.history_turns} earlier turn{'' if facts.history_turns == 1 else 's'}")
    if facts.note:
        print(f"  {clean(facts.note)}")


def _running() -> None:
    """Servers on this machine that could be a brain."""
    from agent.chosen import more, offered
    from model.http.discovery import find
    from pipeline.clock import run

    found = run(find)
    names = ", ".join(f"--model {each}" for each in offered(found))
    names += f", and {others} more" if (others := more(found)) else ""
    print(f"\nRunning on this machine: {names or 'no server that I know'}")


def _version(_: argparse.Namespace) -> int:
    print(f"hocket {VERSION}")
    return 0
