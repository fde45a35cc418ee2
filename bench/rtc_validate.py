"""The harness's own error over WebRTC, and what the codec delays: a null server in a process of its own.

What WebRTC adds by its nature is no error, but it is in every figure of such a target and so in its report:
the encoder's look-ahead on both ways, the agent's packet (sent when its last sample is over), the change of
rate and the jitter buffer. ``FIXED`` is their sum; the error is what is found beyond it.

In virtual time nothing is left but Opus's echo before an onset (``PRE_ECHO``, the limit there). The limit on
the machine's clock is a socket's, 20 ms: on two busy cores (load 5 to 9, three runs of 60 turns) 178 of 180
were within 11 ms, and two were not, in a stall of the machine that late ticks and packets show too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from audio_io.rtc.extra import web
from pipeline import clock as clocks
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Voice
from tts.tone import ToneVoice

from . import labels as manifests
from . import recording as recordings
from .item import Actor, Item
from .labels import Labels
from .nulls import DELAYS
from .recording import Recording
from .rtc_dial import PATH, ring
from .rtc_marks import chirp, chirped, found
from .rtc_media import LOOKAHEAD, PACKET, RTP_RATE, TURNING, Encoder, TrackDecoder
from .rtc_memory import SESSION, MemoryCall
from .rtc_wire import Call
from .script import Script
from .socket_hold import hold_over
from .socket_run import Missing, SocketTarget, hold_one
from .stats import percentile
from .targets.openai_webrtc import RealtimeCall
from .validate import TRACK, WEBRTC, Recovered, null_server, questions, recovered

JITTER = 0.040
"""Seconds of jitter buffer: the target's default."""
FIXED = 2 * LOOKAHEAD + PACKET + TURNING + JITTER
PRE_ECHO = 0.008
"""Seconds before a sharp onset in which Opus can already be heard: in virtual time, where nothing else is in
the way, chirps lie where they should to 0.1 ms and the scorer finds onsets 2 to 7 ms earlier."""
AFTER = 1.4
"""Seconds after a turn's end, the delay not counted, in which its answer's chirp is looked for."""
Tell = Callable[[str], None]


def over_webrtc(delay: float, count: int, seed: int, port: int, out: Path) -> tuple[Recovered, list[float]]:
    """A server on this machine's loopback, and the errors that its answers' chirps show, past the scorer."""

    async def script(voice: Voice) -> Script:
        return questions(seed, count, chirped)

    item = Item(f"null-webrtc-{delay:.2f}s", 0, seed, Actor.NULL, script, delay)
    url = f"http://127.0.0.1:{port}{PATH}?delay={delay}"
    names = {"target": "null server over WebRTC", "clock": "wall"}
    target = SocketTarget(lambda: RealtimeCall(partial(ring, url)), ToneVoice, names, JITTER)
    done = clocks.run(lambda: hold_one(item, out, target))
    if isinstance(done, Missing):
        return Recovered(WEBRTC, delay, (), (), count, done.error), []
    folder = out / item.name
    recording, labels = (
        recordings.load(folder / "conversation.wav"), manifests.load(folder / "labels.json"),
    )  # fmt: skip
    row = recovered(
        WEBRTC, delay, recording, labels, count, packets=True, fault=done.error,
        late=done.punctuality.worst, ahead=LOOKAHEAD, fixed=FIXED,
    )  # fmt: skip
    return row, by_chirp(row, recording, labels)


def by_chirp(row: Recovered, recording: Recording, labels: Labels) -> list[float]:
    """The same errors without the scorer: where each answer's chirp begins, by correlation."""
    starts = []
    for turn in labels.turns:
        until = turn.end + round((row.delay + AFTER) * PLAYOUT_RATE)
        place = found(recording.agent[turn.end : until], PLAYOUT_RATE)
        if place is not None:
            starts.append(place / PLAYOUT_RATE)
    if len(starts) != len(row.found):
        return []
    return Recovered(row.way, row.delay, tuple(starts), row.waits, row.asked, fixed=row.fixed).errors


def codec_delay(rate: int = CAPTURE_RATE) -> float:
    """Seconds by which a chirp comes later out of our encoder and decoder, by correlation; no network."""
    encoder, decoder, mark = Encoder(rate), TrackDecoder(), chirp(rate)
    sound = np.zeros(rate, np.float32)
    at = rate // 2
    sound[at : at + len(mark)] = mark
    out = np.zeros(PLAYOUT_RATE, np.float32)
    for place, payload in enumerate(encoder.push(sound)):
        heard = decoder.push(payload, round(place * PACKET * RTP_RATE), place)
        if heard is not None:
            begin = max(heard.stamp, 0)
            out[begin : heard.stamp + len(heard.pcm)] = heard.pcm[begin - heard.stamp :]
    begun = found(out, PLAYOUT_RATE)
    return float("nan") if begun is None else begun / PLAYOUT_RATE - 0.5


def over_track(delay: float, count: int, seed: int) -> Recovered:
    """Codec, packets, stamps and playout in one simulation: all but the network."""

    async def hold() -> Recovered:
        far = MemoryCall(delay)

        async def ring_it() -> Call:
            far.say("session.created", session=SESSION)
            return far

        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(far.speak())
            item = Item("null", 0, seed, Actor.NULL, _never)
            line = RealtimeCall(ring_it)
            call, _ = await hold_over(item, questions(seed, count, chirped), line, jitter=JITTER)
            speaking.cancel()
        return recovered(
            TRACK, delay, call.edge.recording(), call.edge.labels(f"null {delay}", "null"), count,
            packets=True, fault=call.error, ahead=LOOKAHEAD, fixed=FIXED,
        )  # fmt: skip

    return clocks.simulate(hold)


def webrtc_rows(out: Path, count: int, seed: int, tell: Tell, *, wall: bool = True) -> list[Recovered]:
    """Rows per delay; none, and a word why, where the extra ``web`` is not installed.

    ``wall`` False leaves out what takes minutes of real time.
    """
    try:
        for name in ("aiortc", "aiohttp", "av"):
            web(name)
    except UserError as error:
        tell(f"not measured: {error}")
        return []
    rows = [over_track(delay, count, seed) for delay in DELAYS]
    return rows + (_in_real_time(out, count, seed, tell) if wall else [])


def _in_real_time(out: Path, count: int, seed: int, tell: Tell) -> list[Recovered]:
    rows, chirps = [], []
    with null_server("bench.rtc_null") as port:
        for place, delay in enumerate(DELAYS, 1):
            row, past = over_webrtc(delay, count, seed, port, out)
            rows.append(row)
            chirps += past
            tell(f"[{place}/{len(DELAYS)}] null server of {1000 * delay:.0f} ms over WebRTC: done")
    tell(
        f"over WebRTC {1000 * FIXED:.0f} ms are its nature: Opus {1000 * LOOKAHEAD:.1f} ms each way (a chirp "
        f"says {1000 * codec_delay():.1f} and {1000 * codec_delay(PLAYOUT_RATE):.1f}), agent's packet "
        f"{1000 * PACKET:.0f}, rate change {1000 * TURNING:.0f}, jitter buffer {1000 * JITTER:.0f}"
    )
    if chirps:
        worst = max(chirps, key=abs)
        tell(f"error by the answers' chirps (n {len(chirps)}): p50 {1000 * percentile(chirps, 0.5):+.1f} ms, "
             f"worst {1000 * worst:+.1f} ms")  # fmt: skip
    return rows


async def _never(voice: Voice) -> Script:
    raise NotImplementedError
