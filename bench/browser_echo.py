"""From the browser's microphone to the browser's ear and back through a server that only echoes.

Chirps are spoken into the microphone and found again in both channels of the page's recording. Codec,
network, jitter buffers of both ends and the server's pacing are in the figure; there are no devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_io.wav import write_wav
from pipeline.errors import UserError

from .browser_page import Visit, chromium, visit
from .browser_spoken import RATE
from .recording import Recording
from .rtc_dial import PATH
from .rtc_marks import ALIKE, LENGTH, alike, chirp
from .validate import null_server

BEFORE = 0.05
"""Seconds before a chirp from which its echo is looked for: the browser hands both sounds to the taps in
blocks of 10 ms that keep no step, so one without any delay may be found up to a block earlier or later."""
OURS, STOCK = "audio_io.rtc.echo", "bench.browser_stock"
EACH = 5
"""Chirps per call: packets keep one phase through a call, so figures take several short calls."""
EVERY = 1.0
"""Seconds from chirp to chirp: no echo takes as long."""
LEAD, SETTLED = 2.0, 3.0
"""Seconds before the first chirp, and after which jitter buffers count as settled."""
ALONE = "browser alone"
"""Two ends in one page, one hop and no server: what Chromium itself takes, once through its jitter buffer."""
HARNESS = "harness alone"
"""The microphone played straight to the ear: the taps' own difference."""
_PAGE = """<!doctype html><meta charset="utf-8"><title>echo</title><button id="go">go</button>
<audio id="ear" autoplay></audio><script>
const gathered = (peer) => new Promise((done) => {
  peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
  if (peer.iceGatheringState === "complete") done();
});
const offered = async (peer) => {
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  return peer.localDescription.sdp;
};
const heard = (peer) => {
  peer.ontrack = ({ track }) => { document.getElementById("ear").srcObject = new MediaStream([track]); };
};
async function server(track, stream) {
  const peer = new RTCPeerConnection();
  heard(peer);
  peer.addTrack(track, stream);
  peer.createDataChannel("oai-events");
  const headers = { "Content-Type": "application/sdp" };
  const reply = await fetch("ROUTE", { method: "POST", headers, body: await offered(peer) });
  await peer.setRemoteDescription({ type: "answer", sdp: await reply.text() });
}
async function alone(track, stream) {
  const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
  heard(far);
  near.addTrack(track, stream);
  await far.setRemoteDescription({ type: "offer", sdp: await offered(near) });
  await far.setLocalDescription(await far.createAnswer());
  await gathered(far);
  await near.setRemoteDescription(far.localDescription);
}
function harness(track, stream) {
  const context = new AudioContext({ sampleRate: 48000 });
  context.createMediaStreamSource(stream).connect(context.destination);
}
document.getElementById("go").onclick = async () => {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  await HOW(stream.getAudioTracks()[0], stream);
};
</script>"""


@dataclass(frozen=True, slots=True)
class Echo:
    """One server's."""

    module: str
    asked: int
    "Chirps that were spoken once the buffers were settled."
    calls: tuple[tuple[float, ...], ...]
    "Per call, seconds from mouth to ear of those that came back: alike within a call, not between calls."

    @property
    def delays(self) -> list[float]:
        """Of all calls."""
        return [delay for call in self.calls for delay in call]


def echo(module: str, count: int, folder: Path) -> Echo:
    """Speak ``count`` chirps to an echo server in a process of its own. Raises UserError, PeerError."""
    with null_server(module) as port:
        where = f"http://127.0.0.1:{port}/"
        return Echo(module, count, _calls(where, "server", "remote", count, folder))


def alone(count: int, folder: Path) -> list[Echo]:
    """What the browser and the harness take by themselves."""
    where = "http://127.0.0.1/"  # nobody is asked there: the driver answers, and the address is a secure one
    return [
        Echo(HARNESS, count, _calls(where, "harness", "page", count, folder)),
        Echo(ALONE, count, _calls(where, "alone", "remote", count, folder)),
    ]


def _calls(where: str, how: str, tap: str, count: int, folder: Path) -> tuple[tuple[float, ...], ...]:
    parts = [min(EACH, count - begun) for begun in range(0, count, EACH)]
    return tuple(_delays(where, how, tap, part, folder) for part in parts)


def _delays(where: str, how: str, tap: str, count: int, folder: Path) -> tuple[float, ...]:
    whole = count + round(SETTLED / EVERY)
    sound = folder / "chirps.wav"
    write_wav(sound, _chirps(whole), RATE)
    page = _PAGE.replace("ROUTE", PATH).replace("HOW", how)
    with chromium(sound) as browser, visit(browser) as seen:
        seen.context.route(where, lambda route: route.fulfill(body=page, content_type="text/html"))
        seen.page.goto(where)
        seen.page.click("#go")
        listened(seen, LEAD + EVERY * whole + 1.0)
        if seen.crashes:
            raise UserError(f"the echo's page failed: {seen.crashes[0]}")
        return tuple(delays_in(seen.recording(tap))[-count:])


def listened(seen: Visit, seconds: float) -> None:
    """Let the page go on for this long, taking its sound as it comes."""
    for _ in range(int(seconds)):
        seen.page.wait_for_timeout(1000)
        seen.drain()
    seen.page.wait_for_timeout(1000 * (seconds % 1.0))


def delays_in(recording: Recording) -> list[float]:
    """Seconds from each chirp of the user's channel to the same in the agent's, of those that came back."""
    mark, rate = round(LENGTH * recording.rate), recording.rate
    found = []
    for at in chirps_in(recording.user, rate):
        begin = max(at - round(BEFORE * rate), 0)
        after = recording.agent[begin : begin + round(EVERY * rate)]
        how = alike(after, rate)
        if len(after) > mark and how.max() >= ALIKE:
            found.append((begin - at + int(how.argmax())) / rate)
    return found


def chirps_in(sound: np.ndarray, rate: int) -> list[int]:
    """The first sample of every chirp, in order."""
    found: list[int] = []
    step = round(EVERY * rate)
    for begin in range(0, len(sound), step):
        how = alike(sound[begin : begin + step + round(LENGTH * rate)], rate)
        if len(how) and how.max() >= ALIKE:
            at = begin + int(how.argmax())
            if not found or at - found[-1] > step // 2:
                found.append(at)
    return found


def _chirps(count: int) -> np.ndarray:
    mark = chirp(RATE)
    whole = np.zeros(round((LEAD + EVERY * count + 1.0) * RATE), np.float32)
    for place in range(count):
        at = round((LEAD + EVERY * place) * RATE)
        whole[at : at + len(mark)] = mark
    return whole


def compared(count: int, folder: Path) -> list[Echo]:
    """Ours, stock aiortc's, harness and browser alone, one after the other.

    Raises UserError where too few chirps came back.
    """
    found = [echo(module, count, folder) for module in (OURS, STOCK)] + alone(min(count, EACH), folder)
    for one in found:
        if len(one.delays) < 0.8 * one.asked:
            raise UserError(
                f"only {len(one.delays)} of {one.asked} chirps came back from {one.module}; "
                "the machine is too busy for a figure, or its line is broken"
            )
    return found
