"""Calling a WebRTC server on this machine's loopback, and all that can go wrong in one sentence each."""

import asyncio
import importlib
import socket

import pytest

pytest.importorskip("aiortc", reason="the extra web is not installed")
pytest.importorskip("aiohttp", reason="the extra web is not installed")

from audio_io.rtc.caller import RtcCall
from audio_io.rtc.tap import Packet, tap
from bench.rtc_dial import LARGEST, PATH, ring, rtc_address
from bench.rtc_marks import chirped
from bench.rtc_media import Encoder, TrackDecoder
from bench.rtc_null import serve
from pipeline.clock import run
from pipeline.errors import BugError, PeerError, UserError


def answering(status=201, text="", slow=0.0, patience=5.0, key_env=""):
    """What calling a server raised that answers every offer so, and the offer's headers."""
    web, seen = importlib.import_module("aiohttp.web"), {}

    async def main():
        async def answer(request):
            seen.update(request.headers)
            await asyncio.sleep(slow)
            return web.Response(status=status, text=text)

        app = web.Application()
        app.router.add_post(PATH, answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}?api_key=secret"
            with pytest.raises(PeerError) as raised:
                await ring(url, key_env, patience)
        finally:
            await runner.cleanup()
        return str(raised.value)

    return run(main), seen


@pytest.mark.parametrize(
    ("status", "complaint"),
    [
        (401, "refused a call without a key; name one with --key-env (HTTP 401)"),
        (403, "refused a call without a key; name one with --key-env (HTTP 403)"),
        (404, "listen at /v1/realtime/calls"),
        (503, "refused the connection (HTTP 503)"),
        (302, "refused the connection (HTTP 302)"),
    ],
)
def test_what_a_server_refuses_is_told_with_what_to_do_and_without_secrets(status, complaint):
    said, headers = answering(status)
    assert complaint in said and "secret" not in said
    assert headers["Content-Type"] == "application/sdp" and "Authorization" not in headers


def test_a_key_goes_into_the_header_and_into_no_sentence(monkeypatch):
    monkeypatch.setenv("MY_KEY", "hush")
    said, headers = answering(401, key_env="MY_KEY")
    assert headers["Authorization"] == "Bearer hush" and "the key in MY_KEY" in said and "hush" not in said
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(UserError, match="there is no environment variable MY_KEY"):
        run(lambda: ring("http://127.0.0.1:9/x", "MY_KEY"))


@pytest.mark.parametrize(
    "text", ["", "hello", "v=0\r\nm=audio\r\n", "v=0\r\n" + "a=x\r\n" * 9, "\u0000" * 40]
)
def test_an_answer_that_is_no_sdp_is_quoted(text):
    said, _ = answering(201, text)
    assert "answered the offer with no SDP that can be used" in said


def test_an_answer_without_end_is_not_read_on():
    said, _ = answering(201, "v" * (LARGEST + 1))
    assert "more than 256 KiB; that is no SDP" in said


def test_a_server_that_never_answers_the_offer_is_given_up():
    said, _ = answering(slow=2.0, patience=0.4)
    assert "did not answer the offer within 0.4 s" in said


def test_an_answer_without_a_codec_that_was_offered_is_refused():
    async def main():
        aiortc = importlib.import_module("aiortc")
        peer, call = aiortc.RTCPeerConnection(), RtcCall("http://far")
        await peer.setRemoteDescription(aiortc.RTCSessionDescription(await call.offer(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = peer.localDescription.sdp.replace("opus/48000", "G729/8000")
        await peer.close()
        try:
            with pytest.raises(
                PeerError, match=r"answered the offer with no SDP that can be used \(Operation"
            ):
                await call.accept(answer, 1.0)
        finally:
            await call.close()

    run(main)


def test_a_server_whose_call_never_stands_is_given_up_and_told_from_one_that_does_not_answer():
    async def main():
        aiortc = importlib.import_module("aiortc")
        peer, call = aiortc.RTCPeerConnection(), RtcCall("http://far")
        await peer.setRemoteDescription(aiortc.RTCSessionDescription(await call.offer(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = peer.localDescription.sdp
        await peer.close()
        try:
            with pytest.raises(
                PeerError, match=r"http://far answered the offer, but no call stood within 0\.5 s"
            ):
                await call.accept(answer, 0.5)
        finally:
            await call.close()

    run(main)


def test_where_no_server_is_that_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(PeerError, match=f"no server answers at http://127.0.0.1:{port}/x"):
        run(lambda: ring(f"http://127.0.0.1:{port}/x"))


def test_a_server_that_does_not_speak_http_is_named():
    async def main():
        async def babble(reader, writer):
            writer.write(b"220 mail.example\r\n")
            writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        async with server:
            with pytest.raises(PeerError, match="does not speak HTTP as it should"):
                await ring(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")

    run(main)


def test_an_address_is_checked_before_anything_is_held():
    assert rtc_address("webrtc+http://host:1") == "http://host:1/v1/realtime/calls"
    assert rtc_address("webrtc+https://host/own?a=1#x") == "https://host/own?a=1"
    for url in ("webrtc+ws://host", "http://host", "webrtc+http://", "webrtc+http://host:port"):
        with pytest.raises(UserError, match=r"no address of a WebRTC server|port that is no number"):
            rtc_address(url)


def test_an_aiortc_whose_playout_cannot_be_left_out_is_refused():
    with pytest.raises(BugError, match="keeps its jitter buffer elsewhere"):
        tap(object(), lambda packet: None)


def test_the_null_server_takes_nothing_but_offers():
    async def main():
        aiohttp, ready = importlib.import_module("aiohttp"), asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            server = group.create_task(serve(0, ready))
            url = f"http://127.0.0.1:{await ready}{PATH}"
            async with aiohttp.ClientSession() as session:
                for query, body in (("", "hello"), ("?delay=soon", "v=0")):
                    async with session.post(url + query, data=body) as reply:
                        assert reply.status == 400
            server.cancel()

    run(main)


def test_a_call_stands_carries_both_tracks_and_events_and_is_hung_up_on():
    async def main():
        ready = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(0, ready, calls=1))
            call = await ring(f"http://127.0.0.1:{await ready}{PATH}?reply=0.2")
            first = [await call.receive()]
            while not isinstance(first[0], str):
                first = [await call.receive()]
            encoder, decoder, loudest = Encoder(16_000), TrackDecoder(), 0.0
            for payload in [one for number in range(2) for one in encoder.push(chirped(0.4, number))]:
                call.play(payload)
            async with asyncio.timeout(10.0):
                while loudest < 0.2:
                    message = await call.receive()
                    if isinstance(message, Packet):
                        heard = decoder.push(message.payload, message.timestamp, message.number)
                        loudest = max(loudest, 0.0 if heard is None else float(abs(heard.pcm).max()))
            await call.close()
            with pytest.raises(PeerError, match="in the middle of the conversation"):
                call.play(b"x")
        return first[0]

    assert '"session.created"' in run(main)
