"""The protocols between rooms. Structural, so that a fake needs to import nothing heavy.
Two timelines: capture at ``CAPTURE_RATE``, playout at ``PLAYOUT_RATE``. Sound crosses as ``Pcm``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .events import Fact

if TYPE_CHECKING:
    from .prompt import Audio, Prompt
    from .ring import AudioRing

Pcm: TypeAlias = NDArray[np.float32]
"""Mono sound, shape (samples,), full scale [-1, 1]."""

CAPTURE_RATE = 16_000
"""Samples per second of everything that is listened to."""
PLAYOUT_RATE = 24_000
"""Samples per second of everything that is played, up to the edge."""
FRAME = 320
"""Capture samples per frame: 20 ms."""

Emit: TypeAlias = Callable[[Fact], None]
"""Posts a fact to the conductor. Never blocks; only from the loop's thread."""


# --- edges of sound --------------------------------------------------------------------------------------


class PlayoutProgress(Protocol):
    """What a sink has pulled so far."""

    @property
    def turn(self) -> int:
        """Whose reply sounds, or is frozen; 0: nobody's."""
        ...

    @property
    def position(self) -> int:
        """Playout sample of that reply which is next."""
        ...

    @property
    def delivered(self) -> int:
        """Samples of replies pulled so far, of all turns: what a pull adds to it was no silence of ours."""
        ...


class PlayoutSource(Protocol):
    """Where an edge gets the agent's sound."""

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE. For a device thread: never blocks, never raises."""
        ...


class FollowedSource(PlayoutSource, Protocol):
    """What a session gives its edge: also whose sound it was, for carriers that name it."""

    @property
    def progress(self) -> PlayoutProgress:
        """As of the last pull."""


@dataclass(frozen=True, slots=True)
class EdgeReport:
    """What a person should know about the sound path."""

    name: str
    echo: str
    "``cancelled``, ``none`` (no echo can come back), or ``open`` (it may: no barge-in while speaking)."
    output_latency: float
    "Seconds from pull to ear."
    note: str = ""
    "One sentence for the user, if something is not as they would expect."


class AudioEdge(Protocol):
    """Both ends of one conversation's sound: microphone and loudspeaker, files, a page."""

    def report(self) -> EdgeReport: ...

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Write capture into the ring in 20 ms frames and pull playout, until cancelled or the sound ends.

        Raises DeviceError when the device is gone for good. Reports gaps as ``AudioLost`` facts.
        """
        ...


class VoiceDetector(Protocol):
    """Speech probability per window. One instance per session: it has state."""

    window: int
    "Capture samples per call."

    def score(self, window: Pcm) -> float:
        """Probability in [0, 1] that this window holds speech. Shape (window,)."""

    def reset(self) -> None: ...


@runtime_checkable
class SharedDetector(VoiceDetector, Protocol):
    """One that scores windows of several sessions together where that is cheaper."""

    async def scored(self, window: Pcm) -> float:
        """As ``score``, perhaps some milliseconds later."""


# --- voices ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WordTime:
    """Where one word of a text lies in the voice's sound."""

    start: int
    "First character of the word in the text given to ``speak``."
    end: int
    "One past its last character."
    begins: float
    "Seconds from the start of the utterance's sound."
    ends: float


@dataclass(frozen=True, slots=True)
class VoiceChunk:
    """Some sound of an utterance, and the words known so far that were not told before."""

    pcm: Pcm
    words: tuple[WordTime, ...] = ()


class Voice(Protocol):
    """A speech synthesiser."""

    name: str
    rate: int
    "Samples per second of its chunks."

    def speak(self, text: str) -> AsyncIterator[VoiceChunk]:
        """Stream one phrase; closing the iterator aborts the synthesis. Raises VoiceError."""
        ...

    async def close(self) -> None: ...


# --- engines ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """When a generation stops by itself."""

    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    "Texts that end the generation; the piece that completes one is the last, and holds it."
    predicted: str = ""
    """How the text is believed to go: a brain that ``confirms`` reads at once what it would have written,
    any other ignores it. It changes how soon tokens come, never which."""
    early: bool = False
    "The user still speaks: what is written is kept as a prediction at most."


@dataclass(frozen=True, slots=True)
class Piece:
    """One generated token."""

    token: int
    text: str
    "Decoded text that became certain with this token; may be empty inside a multi-byte character."
    logprob: float
    last: bool = False
    "True on the final piece: end-of-turn token, stop text or max_tokens."
    confirmed: bool = False
    "It was predicted, and came with a reading: no step of writing was spent on it."


@dataclass(frozen=True, slots=True)
class BrainFacts:
    """What a brain is and can do, told on screen and obeyed by the session."""

    name: str
    hears: str
    "``audio``, ``speech`` (of a sound only what a voice makes of it) or ``text``."
    thinks_while_listening: str
    "``yes``, ``notes`` or ``no``."
    obeys_instructions: bool
    history_turns: int
    "Earlier turns that it can use."
    note: str = ""
    heard_logprob: float | None = None
    "Mean log-probability of the heard line below which the brain should ask again; None: it cannot tell."
    judges: bool = False
    "It has heads for ``judge``."
    holds: bool = False
    "With part of a thought it says only what that part bears out, and then waits (ends its turn early)."
    price: float = 0.0
    "Money per million generated tokens; 0: none."
    confirms: bool = False
    "It reads what was ``predicted`` of a text at once, and takes over what it would have written itself."
    thinks: bool = True
    "False: it writes no thoughts; every reply is without any."
    continues: bool = True
    "It goes on from any beginning of its own reply; False: no thought beside words, no segments."
    speaking: str = ""
    "The way of speaking that ``auto`` takes; empty: adaptive where it ``holds``, else think-fully."
    tools: str = "no"
    "How it calls: ``native``, ``alone`` (so, and in place of words), ``text`` (it is told how), ``no``."
    paid: bool = False
    "Tokens cost money: nothing is written ahead of a turn's end unless a budget for it is set."
    rate: float | None = None
    "Tokens per second, as measured when it was probed."
    first: float | None = None
    "Seconds to the first token, measured likewise."
    typed: int = 20_000
    "Characters of a typed turn that it can take."
    reads: bool = True
    "False: it was trained on sound alone, and makes little of typed words."


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a brain's heads make of the newest sound of an open turn, without a word being written.

    The kinds of sound are probabilities that sum to one.
    """

    end_of_turn: float
    "Probability that the user has finished, given the sound so far."
    words: float
    "That the last burst of speech holds words meant to be answered: a barge-in, if it is over the voice."
    backchannel: float
    "That it is an ``mm-hm`` or ``yeah`` of somebody who listens."
    noise: float
    "That it is a cough, a bang, music: nothing said."


class Engine(Protocol):
    """A language model that hears: a function of a prompt. Synchronous; owned by one thread."""

    def facts(self) -> BrainFacts: ...

    def prefill(self, prompt: Prompt) -> int:
        """Make the prompt's prefix warm. Returns positions newly computed. Changes no answer."""
        ...

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """Greedy tokens that continue the prompt. Closing the iterator frees what it leased."""
        ...

    def close(self) -> None: ...


class Judge(Protocol):
    """What an engine whose ``facts().judges`` can do besides."""

    def judge(self, prompt: Prompt, onset: int) -> Judgement:
        """Of the prompt's last sound; ``onset``: sample of it at which the last burst of speech begins.

        Reads sound only: it costs no decoding and changes no answer. Raises ModelError.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word of a transcript."""

    text: str
    begins: float
    "Seconds from the start of the sound."
    ends: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of some sound."""

    text: str
    words: tuple[SpokenWord, ...] = ()
    "With times, where the recogniser tells them."
    final: bool = True
    "False: a partial result, which more sound or a second pass may change."


@dataclass(frozen=True, slots=True)
class EarFacts:
    """What a recogniser is and can do, told on screen."""

    name: str
    streams: bool
    "Growing sound costs only what is new of it; False: each call reads all of it again."
    note: str = ""
    "One sentence for the user, if something is not as they would expect."


class Recogniser(Protocol):
    """Speech to text: a function of the sound. Synchronous; owned by one thread. Behind a ``Compute``, like
    an engine: ``await ear.call("transcribe", audio, final)``."""

    def facts(self) -> EarFacts: ...

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """The words in a stretch of one user's sound. Raises ModelError.

        ``final`` False: whatever is known at once is good enough. May keep what it knows of a stretch, keyed
        by its digests, so that a longer one with the same beginning costs less; that changes no answer to a
        final request.
        """
        ...

    def close(self) -> None: ...


class Compute(Protocol):
    """Runs a service's methods inline, in a thread or in a process, behind one contract.

    Arguments and results are plain values. A stream is aborted between steps by closing it.
    """

    async def call(self, method: str, *args: Any) -> Any: ...

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]: ...

    async def close(self) -> None: ...


# --- what passes down the line ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phrase:
    """A speakable piece of a reply: the only type a voice accepts."""

    turn: int
    draft: int
    number: int
    text: str
    final: bool = False
    "True on the reply's last phrase. Its text may be empty (a marker that the reply is whole)."
