"""The screening of offers: a browser's own passes, everything else is one kind of error, quickly."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_io.rtc.config import RtcConfig
from audio_io.rtc.extra import web
from audio_io.rtc.sdp import LARGEST, SdpError, allowed, finished, screen
from pipeline.clock import monotonic

OFFER = (Path(__file__).parent / "chromium_offer.sdp").read_text()
NONE, LAN, PUBLIC = (RtcConfig(candidates=name) for name in ("none", "lan", "public"))
FAR = RtcConfig(candidates="lan", loopback=False)


def without(text: str) -> str:
    return "\n".join(line for line in OFFER.splitlines() if text not in line)


def test_a_browsers_offer_becomes_one_opus_track_and_one_data_channel_without_candidates():
    clean = screen(OFFER, NONE)
    assert [line for line in clean.splitlines() if line.startswith("m=")] == [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ]  # fmt: skip
    assert "candidate" not in clean and "192.168" not in clean
    assert "PCMU" not in clean and "a=rtpmap:111 opus/48000/2" in clean
    assert "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid" in clean and "abs-send-time" not in clean
    parsed = web("aiortc.sdp").SessionDescription.parse(clean)
    assert [one.rtp.muxId for one in parsed.media] == ["0", "1"]
    assert parsed.media[0].ice.usernameFragment == "exmp" and parsed.media[0].rtcp_mux


def test_bytes_and_other_line_ends_are_taken_as_well():
    assert screen(OFFER.replace("\n", "\r\n").encode(), NONE) == screen(OFFER, NONE)


def test_a_screened_offer_passes_again_unchanged():
    assert screen(screen(OFFER, LAN), LAN) == screen(OFFER, LAN)


def test_attributes_of_the_whole_session_count_for_each_section():
    moved = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    lines = OFFER.splitlines()
    common = list(dict.fromkeys(line for line in lines if line.startswith(moved)))
    rest = [line for line in lines if line not in common]
    at = next(place for place, line in enumerate(rest) if line.startswith("m="))
    assert screen("\n".join([*rest[:at], *common, *rest[at:]]), NONE) == screen(OFFER, NONE)


def test_a_call_without_a_data_channel_is_a_call():
    audio = OFFER[: OFFER.index("m=application")].replace("BUNDLE 0 1", "BUNDLE 0")
    assert screen(audio, NONE).count("m=") == 1


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ("", "no SDP offer"),
        ("hello", "no SDP offer"),
        ("{}", "no SDP offer"),
        (b"v=0\xff\xfe", "UTF-8"),
        (OFFER + "\na=x:\x00", "characters"),
        (OFFER + "\na=x:ü", "characters"),
        (OFFER + "a" * LARGEST, "32 KiB"),
        (OFFER + "a=x\n" * 400, "400 lines"),
        (OFFER + "a=x:" + "y" * 1100, "longer than 1024"),
        (OFFER + "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\n" * 20, "20 lines a=candidate"),
        (OFFER + "".join(f"a=ssrc:{n} cname:x\n" for n in range(9)), "4 sources"),
        (OFFER + "a=ssrc:1 cname:x\n" * 20, "16 lines a=ssrc"),
        (OFFER + "a=rtpmap:96 x/8000\n" * 40, "40 lines a=rtpmap"),
        (OFFER + OFFER[OFFER.index("m=audio") : OFFER.index("m=application")], "one audio section"),
        (OFFER + OFFER[OFFER.index("m=application") :], "one audio section"),
        (OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\n", "'video'"),
        (OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "not over DTLS"),
        (without("m=audio"), "one audio section"),
        (without("a=ice-pwd"), "a=ice-pwd"),
        (without("a=ice-ufrag"), "a=ice-ufrag"),
        (without("a=fingerprint"), "a=fingerprint"),
        (without("a=setup"), "a=setup"),
        (without("a=mid"), "a=mid"),
        (without("a=rtcp-mux"), "a=rtcp-mux"),
        (without("opus/48000"), "no Opus"),
        (without("a=group"), "bundled"),
        (OFFER.replace("a=mid:1", "a=mid:0"), "same a=mid"),
        (OFFER.replace("a=setup:actpass", "a=setup:holdconn"), "a=setup is malformed"),
        (OFFER.replace("a=ice-ufrag:exmp", "a=ice-ufrag:e x"), "a=ice-ufrag is malformed"),
        (OFFER.replace("sctp-port:5000", "sctp-port:99999"), "sctp-port"),
        (OFFER.replace("111 63", "71 63").replace(":111 ", ":71 "), "no Opus"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(offer, said):
    with pytest.raises(SdpError, match=said) as caught:
        screen(offer, NONE)
    assert len(str(caught.value)) < 200


def test_a_clients_addresses_are_kept_only_where_settings_allow_them():
    assert "192.168.1.20 50002 typ host" in screen(OFFER, LAN)
    assert "198.51.100.7" not in screen(OFFER, LAN)
    nearly = OFFER.replace("198.51.100.7", "8.8.8.8")
    public = screen(nearly, PUBLIC)
    assert "8.8.8.8 50003 typ srflx" in public and "192.168.1.20 5" not in public
    for config in (LAN, PUBLIC):
        clean = screen(nearly + "a=end-of-candidates\n", config)
        assert ".local" not in clean and "raddr" not in clean and "end-of-candidates" not in clean
    low = OFFER.replace("192.168.1.20 50002", "192.168.1.20 53")
    assert "192.168.1.20" not in screen(low, LAN), "a port of somebody's name server"


@pytest.mark.parametrize(
    ("address", "lan", "public"),
    [
        ("10.1.2.3", True, False), ("172.20.0.1", True, False), ("192.168.0.9", True, False),
        ("fd12::1", True, False), ("8.8.8.8", False, True), ("2606:4700::1", False, True),
        ("127.0.0.1", False, False), ("::1", False, False), ("::ffff:127.0.0.1", False, False),
        ("169.254.169.254", False, False), ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False), ("2002:7f00:1::1", False, False), ("64:ff9b::a00:1", False, False),
        ("::7f00:1", False, False), ("2001:0:1:2::3", False, False),
        ("224.0.0.251", False, False), ("ff02::fb", False, False), ("0.0.0.0", False, False),
        ("255.255.255.255", False, False), ("example.org", False, False), ("", False, False),
    ],
)  # fmt: skip
def test_which_addresses_packets_may_be_sent_to(address, lan, public):
    assert allowed(address, FAR) == lan
    assert allowed(address, PUBLIC) == public


def test_loopback_is_allowed_only_to_a_server_that_is_there_itself():
    assert allowed("127.0.0.1", LAN) and allowed("::1", LAN)
    assert not allowed("127.0.0.1", FAR)
    assert not allowed("127.0.0.1", RtcConfig(candidates="lan", addresses=("192.168.1.2",)))


def mutated(seed: int) -> str:
    """A browser's offer with a few things wrong with it."""
    chance, lines = random.Random(seed), OFFER.splitlines()
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines.insert(chance.randrange(len(lines)), line)
            case 2:
                lines[at] = line[: chance.randrange(len(line) + 1)]
            case 3:
                where = chance.randrange(len(line) + 1)
                lines[at] = line[:where] + chance.choice(" :/-0\t%\x7fé=;,99999999999") + line[where:]
            case 4:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 5:
                lines[at] = line.replace(chance.choice("0123456789"), chance.choice(["-1", "4294967296", ""]))
            case _:
                odd = chance.choice(["", ":", ":" + "9" * 300, ": a b c d e f g h"])
                lines[at] = line.partition(":")[0] + odd
        lines = lines or ["v=0"]
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**64))
def test_a_mutated_offer_is_refused_or_parses(seed):
    for config in (NONE, LAN):
        try:
            clean = screen(mutated(seed), config)
        except SdpError:
            continue
        parsed = web("aiortc.sdp").SessionDescription.parse(clean)
        assert {one.kind for one in parsed.media} <= {"audio", "application"}
        assert [one.mimeType.lower() for one in parsed.media[0].rtp.codecs or parsed.media[1].rtp.codecs] == [
            "audio/opus"
        ]


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_at_all_is_refused(text):
    with pytest.raises(SdpError):
        screen("v=0\n" + text, NONE)


@pytest.mark.parametrize(
    "bomb",
    [
        "v=0\n" + "a=ssrc:1 " * 3500, "v=0\n" * 8000, "v=0\na=fingerprint:" + "00:" * 10_000,
        "v=0\nm=" + " " * 32_000, "v=0\n" + "a=candidate:1 1 udp 1 " + "1" * 32_000,
        OFFER.replace("exmp", "e" * 1000) * 8,
    ],
)  # fmt: skip
def test_the_largest_offers_are_refused_at_once(bomb):
    """Real time: that it is linear is the point. The parser behind takes seconds for such."""
    began = monotonic()
    with pytest.raises(SdpError):
        screen(bomb[:LARGEST], NONE)
    assert monotonic() - began < 0.05


# --- our answer ------------------------------------------------------------------------------------------

ANSWER = """v=0\r
m=audio 40000 UDP/TLS/RTP/SAVPF 111\r
c=IN IP4 172.17.0.2\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 stereo=1\r
a=candidate:1 1 udp 2130706431 172.17.0.2 40000 typ host\r
a=candidate:2 1 udp 2130706431 fd00::2 40001 typ host\r
a=candidate:3 1 udp 1694498815 198.51.100.7 40000 typ srflx raddr 172.17.0.2 rport 40000\r
"""


def test_the_answer_asks_for_mono_with_error_correction():
    text = finished(ANSWER, NONE)
    assert "a=fmtp:111 minptime=10;useinbandfec=1;stereo=0" in text and "stereo=1" not in text
    assert text.count("a=candidate") == 3 and text.endswith("\r\n")


def test_an_announced_address_takes_the_place_of_our_own():
    text = finished(ANSWER, RtcConfig(announce="203.0.113.5"))
    assert "a=candidate:1 1 udp 2130706431 203.0.113.5 40000 typ host" in text
    assert "172.17.0.2 40000 typ" not in text and "fd00::2" not in text
