"""A recogniser behind an OpenAI-compatible ``POST /v1/audio/transcriptions``: sound goes, words come back.

An ear that computes elsewhere, as a ``Compute`` with a Recogniser's methods. What was read once is remembered
by its sound, so that a history costs nothing. It sends sound only to the address it was given, follows no
redirect, and its key to that server alone. Fields of request and answer: OpenAI's API reference, "Create
transcription".
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from model.prosody import measured
from pipeline.clock import now
from pipeline.desk import closed
from pipeline.errors import BugError, ModelError, PeerError
from pipeline.ports import EarFacts, SpokenWord, Transcript
from pipeline.prompt import Audio

from .events import parsed
from .keys import Key, key_of, local
from .openai_chat import said
from .server import Server
from .sound import LEAST, wav

PATH = "/audio/transcriptions"
KEPT = 256
"""Transcripts that are remembered."""
SILENT, DOUBTED = 0.6, -1.0
"""A segment with this probability of no speech, at this mean log-probability, is a model's invention (as in
openai/whisper, transcribe.py: no_speech_threshold, logprob_threshold)."""
_BUSY = frozenset([408, 425, 429, 500, 502, 503, 504, 529])
_LONG = 1 << 21
"""Bytes of an answer."""
_TALK = 8192
"""Characters of its words: ten times what is said in 25 s. They are remembered, and a brain reads them."""


@dataclass(frozen=True, slots=True)
class TranscriptionsConfig:
    """How a server is asked for words. Durations in seconds."""

    language: str = ""
    "``en``, ``de``, …; empty: the model finds out, and may find another one for every turn."
    words: bool = False
    "Ask for times and for how sure the model is (``verbose_json``), where the server can."
    connect: float = 1.5
    whole: float = 6.0
    "For one transcript, all attempts together; under the session's own patience (8 s)."
    retries: int = 2
    "Further attempts, at the next address if there is one."
    pause: float = 0.15
    "Before the first of them; each later one doubles it, and chance moves it by half."


class Transcriptions:
    """ports.Compute with the methods ``facts``, ``transcribe(audio, final)`` and ``told(pcm, words)``."""

    def __init__(
        self,
        server: Server,
        config: TranscriptionsConfig | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        environ: Mapping[str, str] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``transport``: what carries requests, in place of the network. Raises ConfigError for its key."""
        self._server, self._config, self._chance = server, config or TranscriptionsConfig(), chance
        self._key: Key = key_of(server, environ)
        own = all(local(url) for url in server.urls)
        self._http = httpx.AsyncClient(
            transport=transport,
            verify=any(url.startswith("https:") for url in server.urls),
            trust_env=not own,  # nothing meant for this machine goes through a proxy
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=self._config.connect),
        )
        self._away = "" if own else f"What you say is sent to {server.title}."
        self._known: OrderedDict[bytes, Transcript] = OrderedDict()
        self._asking: dict[bytes, asyncio.Lock] = {}
        self._first = 0
        "Of the addresses, which one answered last."

    @property
    def alive(self) -> bool:
        """False once closed."""
        return not self._http.is_closed

    async def call(self, method: str, *args: Any) -> Any:
        """One of the three methods. Raises ModelError where there is no transcript to be had."""
        if self._http.is_closed:
            raise closed()
        if method == "facts":
            model = f"{self._server.model} at " if self._server.model else ""
            return EarFacts(f"{model}{self._server.title}", streams=False, note=self._away)
        if method == "transcribe":
            return await self._transcribe(*args)
        if method == "told":
            return measured(*args)
        raise BugError(f"a recogniser has no method {method!r}")

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """Nothing here streams: raises BugError."""
        raise BugError(f"a recogniser streams nothing, not {method!r} either")

    async def prepare(self) -> None:
        """See that one of the addresses answers and takes the key, without a word of the user's. Any other
        answer will do: not every such server lists its models. Raises ModelError."""
        failed = ""
        for url in self._server.urls:
            asked = f"{url}/models"
            try:
                async with (
                    asyncio.timeout(self._config.connect * 2),
                    self._http.stream("GET", asked, headers=self._key.headers(asked)) as answer,
                ):
                    if answer.status_code not in (401, 403):
                        return
                    failed = self._refusal(answer, b"")
            except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                why = str(error) or type(error).__name__
                failed = failed or f"{self._server.title} does not answer ({why}); is it running?"
        raise ModelError(failed)

    async def close(self) -> None:
        """Close the connections; a request that waits fails."""
        await self._http.aclose()

    # --- asking -------------------------------------------------------------------------------------------

    async def _transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """The words; a partial answer is as good as a final one, and as dear."""
        if not len(audio.pcm) or not audio.pcm.any():
            return Transcript("", final=final)
        if not np.isfinite(audio.pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        key = audio.digests()[-1]
        asking = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with asking:  # a draft and the captions want the same words: they are paid for once
                found = self._known.pop(key, None) or _read(await self._asked(audio), self._server.title)
                self._known[key] = found
        finally:
            self._asking.pop(key, None)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    async def _asked(self, audio: Audio) -> Any:
        """The server's answer, from whichever address gives one in time."""
        config, urls, failed = self._config, self._server.urls, ""
        until = now() + config.whole
        for attempt in range(config.retries + 1):
            if not self.alive:  # closed while it waited for somebody else's answer
                break
            if attempt:
                pause = config.pause * 2 ** (attempt - 1) * (0.5 + self._chance())
                if now() + pause >= until:
                    break
                await asyncio.sleep(pause)
                if self._http.is_closed:
                    break
            at = (self._first + attempt) % len(urls)
            share = (until - now()) / max(len(urls) - attempt, 1)  # one that hangs leaves time for the others
            try:
                async with asyncio.timeout(share):
                    answer = await self._once(urls[at] + PATH, audio)
            except TimeoutError:
                failed = f"no answer within {share:g} s"
                continue
            except (httpx.HTTPError, httpx.InvalidURL, OSError, PeerError) as error:
                failed = str(error) or type(error).__name__
                continue
            self._first = at
            return answer
        if self._http.is_closed:
            raise closed()
        raise ModelError(f"{self._server.title} gave no transcript: {failed}")

    async def _once(self, url: str, audio: Audio) -> Any:
        """One request. Raises PeerError where asking again may help, ModelError where it will not."""
        quiet = np.zeros(max(LEAST - len(audio.pcm), 0), np.float32)
        sound = wav(np.concatenate([audio.pcm, quiet]))
        request = self._http.stream(
            "POST", url, data=self._fields(), files={"file": ("turn.wav", sound, "audio/wav")},
            headers={"Accept-Encoding": "identity", **self._key.headers(url)},
        )  # fmt: skip
        body = bytearray()
        async with request as response:
            if response.status_code in _BUSY:
                raise PeerError(f"it answered {response.status_code}")
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LONG:
                    raise ModelError(
                        f"{self._server.title} answered a transcription with more than {_LONG} bytes"
                    )
        if response.status_code != 200:
            raise ModelError(self._refusal(response, bytes(body)))
        try:
            return parsed(bytes(body))
        except ValueError:
            raise ModelError(
                f"{self._server.title} answers {PATH} with what is no JSON; most base URLs end with /v1"
            ) from None

    def _fields(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {"response_format": "verbose_json" if self._config.words else "json"}
        if self._config.words:
            wanted["timestamp_granularities[]"] = ["word", "segment"]
        if self._server.model:
            wanted["model"] = self._server.model
        if self._config.language:
            wanted["language"] = self._config.language
        return wanted

    def _refusal(self, response: httpx.Response, body: bytes) -> str:
        status, title = response.status_code, self._server.title
        if status in (401, 403):
            key = self._server.key_env
            return f"{title} refused the key ({status}); " + (
                f"put a valid one into {key}" if key else "name the variable that holds one"
            )
        if status in (404, 405):
            return f"{title} has no {PATH} ({status}); is its base URL right, and has it a model that hears?"
        if response.is_redirect:
            return f"{title} sends elsewhere ({status}), which is not followed; give the address itself"
        why = self._key.hidden(said(" ".join(body[:400].decode("utf-8", "replace").split())))
        return f"{title} refused a transcription ({status}): {why}"


def _read(answer: Any, title: str) -> Transcript:
    """A transcript from the server's JSON, without what it made up. Raises ModelError where it is none."""
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        raise ModelError(f"{title} answered a transcription without a text")
    segments = answer.get("segments") or []
    try:
        kept = [s for s in segments if not _made_up(s)]
        if len(kept) < len(segments):
            text = " ".join(str(s["text"]).strip() for s in kept)
        spans = [(float(s["start"]), float(s["end"])) for s in segments if _made_up(s)]
        words = tuple(
            SpokenWord(str(w["word"]).strip(), float(w["start"]), float(w["end"]))
            for w in answer.get("words") or []
            if not any(a <= float(w["start"]) < b for a, b in spans)
        )
        if not all(math.isfinite(word.begins) and math.isfinite(word.ends) for word in words):
            raise ValueError("times that are no numbers")
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ModelError(
            f"{title} answered with words that cannot be read ({type(error).__name__})"
        ) from None
    if max(len(text), sum(len(word.text) + 1 for word in words)) > _TALK:
        raise ModelError(
            f"{title} answered with more than {_TALK} characters, which nobody says in one breath"
        )
    return Transcript(text.strip(), words)


def _made_up(segment: Mapping[str, Any]) -> bool:
    silent, sure = segment.get("no_speech_prob"), segment.get("avg_logprob")
    return silent is not None and sure is not None and silent > SILENT and sure < DOUBTED
