"""A client's offer, screened and written anew in linear time before a parser sees it; and our answer.

aiortc's parser takes time that grows with the square of what it is given and fails in six ways; and
candidates make a server send packets wherever an offer says. So only what a call needs is read of it, each
value by its own short pattern, and a clean offer is made of that: one Opus track, one data channel, and no
candidates, unless settings allow some. Pure. Nothing but SdpError leaves here.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from pipeline.errors import PeerError

from .config import RtcConfig

LARGEST = 32 * 1024
"""Bytes of an offer."""
LINES, LINE = 400, 1024
MOST = {"candidate": 20, "ssrc": 16, "rtpmap": 40, "fmtp": 40, "extmap": 40, "rtcp-fb": 80}
"""Lines of each kind, in all."""
SOURCES = 4
FIRST_PORT = 1024
"""Below it a candidate would name somebody's server."""
_PATTERNS = {
    "ice-ufrag": r"[A-Za-z0-9+/]{4,256}",
    "ice-pwd": r"[A-Za-z0-9+/]{22,256}",
    "fingerprint": r"(?i:sha-(?:256|384|512)) [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31,63}",
    "setup": r"actpass|active|passive",
    "mid": r"[A-Za-z0-9_.+-]{1,32}",
    "sctp-port": r"[0-9]{1,5}",
    "max-message-size": r"[0-9]{1,10}",
}
_MEDIA = re.compile(r"m=(audio|application) [0-9]{1,5} ([A-Z/]{1,32}) ([\x21-\x7e ]{1,400})")
_OPUS = re.compile(r"([0-9]{1,3}) (?i:opus)/48000/2")
_CANDIDATE = re.compile(
    r"([A-Za-z0-9+/]{1,32}) 1 (?i:udp) ([0-9]{1,10}) ([0-9A-Fa-f.:]{2,45}) ([0-9]{1,5}) "
    r"typ (host|srflx|relay)(?: .*)?"
)
_EXTENSION = re.compile(r"([0-9]{1,2}) (urn:ietf:params:rtp-hdrext:(?:sdes:mid|ssrc-audio-level))(?: .*)?")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_LAN = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_WORLD = ipaddress.ip_network("2000::/3")


class SdpError(PeerError):
    """An offer that cannot be used. The text says why, and repeats nothing of the offer but short names."""


@dataclass(slots=True)
class _Part:
    """The session's lines, or one medium's."""

    media: str = ""
    profile: str = ""
    formats: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str, otherwise: _Part | None = None) -> str | None:
        """The first value of an attribute, here or in the session's part; checked by its pattern."""
        found = self.values.get(name) or (otherwise.values.get(name) if otherwise else None)
        if not found:
            return None
        if not re.fullmatch(_PATTERNS[name], found[0]):
            raise SdpError(f"the offer's a={name} is malformed")
        return found[0]

    def need(self, name: str, otherwise: _Part | None = None) -> str:
        found = self.first(name, otherwise)
        if found is None:
            raise SdpError(f"the offer's {self.media} section has no a={name}")
        return found


def screen(offer: str | bytes, config: RtcConfig) -> str:
    """The offer as it may be parsed. Raises SdpError."""
    session, *media = _parts(_lines(_text(offer)))
    kinds = [part.media for part in media]
    if kinds.count("audio") != 1 or kinds.count("application") > 1:
        raise SdpError("an offer has one audio section and at most one data channel; create both before it")
    clean = [_clean(part, session, config) for part in media]
    names = [part.need("mid") for part in media]
    if len(set(names)) != len(names):
        raise SdpError("two sections of the offer have the same a=mid")
    if len(names) == 2 and not _bundled(session, names):
        raise SdpError("the offer's sections must be bundled (a=group:BUNDLE)")
    head = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(names)}"]
    return "\r\n".join([*head, *(line for part in clean for line in part), ""])


def _text(offer: str | bytes) -> str:
    if len(offer) > LARGEST:
        raise SdpError(f"the offer is larger than {LARGEST // 1024} KiB")
    try:
        text = offer.decode() if isinstance(offer, bytes) else offer
    except UnicodeDecodeError:
        raise SdpError("the offer is not text in UTF-8") from None
    if not text.startswith("v=0"):
        raise SdpError("this is no SDP offer: it does not begin with v=0")
    return text


def _lines(text: str) -> list[str]:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if len(lines) > LINES:
        raise SdpError(f"the offer has more than {LINES} lines")
    for line in lines:
        if len(line) > LINE:
            raise SdpError(f"a line of the offer is longer than {LINE} characters")
        if not line.isascii() or not line.isprintable():
            raise SdpError("the offer holds characters that SDP does not have")
    return lines


def _parts(lines: list[str]) -> list[_Part]:
    """The session's lines and each medium's, counted."""
    parts, counts = [_Part()], dict.fromkeys(MOST, 0)
    sources = set()
    for line in lines:
        if line.startswith("m="):
            parts.append(_medium(line))
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            if name in counts:
                counts[name] += 1
                if counts[name] > MOST[name]:
                    raise SdpError(f"the offer has more than {MOST[name]} lines a={name}")
            if name == "ssrc":
                sources.add(value.partition(" ")[0])
            parts[-1].values.setdefault(name, []).append(value)
    if len(sources) > SOURCES:
        raise SdpError(f"the offer names more than {SOURCES} sources (a=ssrc)")
    return parts


def _medium(line: str) -> _Part:
    found = _MEDIA.fullmatch(line)
    if found is None:
        kind = line[2:].partition(" ")[0][:16]
        raise SdpError(f"the offer's section {kind!r} cannot be used: a call has audio and one data channel")
    kind, profile, formats = found.groups()
    if ("RTP/SAVPF" if kind == "audio" else "DTLS/SCTP") not in profile:
        raise SdpError(f"the offer's {kind} section is not over DTLS: {profile}")
    return _Part(kind, profile, formats)


def _bundled(session: _Part, names: list[str]) -> bool:
    return any(
        group.startswith("BUNDLE ") and set(names) <= set(group.split()[1:])
        for group in session.values.get("group", ())
    )


def _clean(part: _Part, session: _Part, config: RtcConfig) -> list[str]:
    """A medium's lines, written anew."""
    shared = [
        f"a=ice-ufrag:{part.need('ice-ufrag', session)}",
        f"a=ice-pwd:{part.need('ice-pwd', session)}",
        f"a=fingerprint:{part.need('fingerprint', session)}",
        f"a=setup:{part.need('setup', session)}",
        f"a=mid:{part.need('mid')}",
        *(f"a=candidate:{one}" for one in _candidates(part, config)),
    ]
    if part.media == "application":
        port, size = part.first("sctp-port") or "5000", part.first("max-message-size") or "65536"
        if not 1 <= int(port) <= 65535:
            raise SdpError("the offer's a=sctp-port is malformed")
        kind = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
        return [kind, "c=IN IP4 0.0.0.0", *shared, f"a=sctp-port:{port}", f"a=max-message-size:{size}"]
    number = _opus(part)
    direction = next((name for name in _DIRECTIONS if name in part.values), "sendrecv")
    if "rtcp-mux" not in part.values:
        raise SdpError("the offer's audio section has no a=rtcp-mux")
    return [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0", *shared, f"a={direction}", "a=rtcp-mux",
        f"a=rtpmap:{number} opus/48000/2", *(f"a=extmap:{one}" for one in _extensions(part)),
    ]  # fmt: skip


def _opus(part: _Part) -> int:
    """Opus's payload type in this offer. 64 to 95 would be taken for RTCP (RFC 5761, 4)."""
    for value in part.values.get("rtpmap", ()):
        found = _OPUS.fullmatch(value)
        if found is not None and found[1] in part.formats.split():
            number = int(found[1])
            if number < 64 or 96 <= number < 128:
                return number
    raise SdpError("the offer's audio section has no Opus (a=rtpmap:… opus/48000/2)")


def _extensions(part: _Part) -> list[str]:
    found = [_EXTENSION.fullmatch(value) for value in part.values.get("extmap", ())]
    usable = {int(one[1]): one[2] for one in found if one is not None and 1 <= int(one[1]) <= 14}
    return [f"{number} {name}" for number, name in usable.items()]


def _candidates(part: _Part, config: RtcConfig) -> list[str]:
    """Those of a client's addresses that may be tried."""
    if config.candidates == "none":
        return []
    kept = []
    for value in part.values.get("candidate", ()):
        found = _CANDIDATE.fullmatch(value)
        if found is None:  # TCP, names of mDNS, another component: not an error, only of no use
            continue
        foundation, priority, address, port, kind = found.groups()
        if FIRST_PORT <= int(port) <= 65535 and int(priority) < 2**32 and allowed(address, config):
            kept.append(f"{foundation} 1 udp {priority} {address} {port} typ {kind}")
    return kept


def allowed(address: str, config: RtcConfig) -> bool:
    """Whether packets may be sent to an address because a client names it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    if config.candidates == "public":
        if isinstance(found, ipaddress.IPv6Address) and (
            found not in _WORLD or found.sixtofour or found.teredo
        ):
            return False  # others hold an IPv4 address, which may be anybody's
        return found.is_global and not found.is_multicast
    if found.is_loopback:
        return config.loopback and not config.addresses
    return any(found in network for network in _LAN if network.version == found.version)


# --- our answer ------------------------------------------------------------------------------------------

_OURS = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) \d+ typ host")
_OPUS_LINE = re.compile(r"a=rtpmap:(\d+) opus/48000/2", re.IGNORECASE)
FORMAT = "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;usedtx=0"
"""What we ask of a client's Opus: mono, each packet mended by the next where the network loses some."""


def finished(answer: str, config: RtcConfig) -> str:
    """aiortc's answer with our wishes for Opus, and the address that clients can reach."""
    lines: list[str] = []
    for line in answer.splitlines():
        opus = _OPUS_LINE.fullmatch(line)
        if line.startswith("a=fmtp:"):
            continue
        ours = _OURS.fullmatch(line)
        if ours and config.announce:
            if not _same_family(ours[1], config.announce):
                continue
            line = line.replace(f" {ours[1]} ", f" {config.announce} ", 1)
        lines.append(line)
        if opus:
            lines.append(f"a=fmtp:{opus[1]} {FORMAT}")
    return "\r\n".join([*lines, ""])


def _same_family(one: str, other: str) -> bool:
    return ipaddress.ip_address(one).version == ipaddress.ip_address(other).version
