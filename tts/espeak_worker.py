"""espeak-ng in a process of its own: reads orders from stdin, writes sound and word marks to stdout.

espeak-ng is GPL-3 and global: this file runs only as a process of its own (``python -m
tts.espeak_worker``), and nothing of the runtime may load the library. It imports nothing but the standard
library.

A message is one byte of kind, the length of its body as a little-endian 32-bit number, and the body.
Orders: ``S`` id (32-bit), text: speak; ``P`` id, text: tell its phonemes; ``A`` id: abort what has this id or
a smaller one. Answers: ``R`` rate (32-bit): ready; ``W`` id, first character, characters, sample (four
32-bit): a word begins, or with 0 characters one ends, at this sample; ``C`` id, 16-bit sound; ``T`` id, text:
phonemes in IPA, a line per clause; ``D`` id: done; ``E`` id, text: failed, with id 0: cannot work at all.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import queue
import signal
import struct
import sys
import threading
from ctypes import CFUNCTYPE, POINTER, c_char, c_char_p, c_int, c_short, c_size_t, c_uint, c_void_p
from pathlib import Path
from typing import Any, BinaryIO

HEADER = struct.Struct("<cI")
"""Kind and length of what follows."""
BUFFER_MS = 40
"""Milliseconds of sound per callback; espeak-ng rounds it to 60 at 22050 Hz."""

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns after the last callback
_DONT_EXIT = 0x8000
_UTF8 = 1
_IPA = 2
_END_OF_LIST, _WORD, _CLAUSE_END = 0, 1, 5
_RATE, _PITCH, _RANGE = 1, 3, 4


class _Identity(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", c_char * 8))


class _Event(ctypes.Structure):
    """speak_lib.h: espeak_EVENT"""

    _fields_ = [
        ("type", c_int),
        ("message", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user", c_void_p),
        ("identity", _Identity),
    ]


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Failure(Exception):
    """espeak-ng cannot do what was asked; the text is for the user."""


class Espeak:
    """The library, one utterance at a time."""

    def __init__(self, library: str, data: str, answers: Answers) -> None:
        self._library: Any = ctypes.CDLL(library)
        os.chdir(data)  # espeak-ng keeps the path in 160 bytes; "." always fits
        self._answers = answers
        self._id = 0
        self.unwanted = 0
        "Greatest id that nobody wants to hear any more."
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, BUFFER_MS, b".", _DONT_EXIT)
        if self.rate <= 0:
            raise Failure(f"espeak-ng did not start with the data in {data}")
        self._callback = _Callback(self._called)
        self._library.espeak_SetSynthCallback(self._callback)
        synth = self._library.espeak_Synth
        synth.argtypes = [c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p]
        phonemes = self._library.espeak_TextToPhonemes
        phonemes.argtypes, phonemes.restype = [POINTER(c_char_p), c_int, c_int], c_char_p

    def use(self, voice: str) -> None:
        """Choose a voice such as ``en-us``, ``en-gb+f3`` or ``gmw/en-US+m3``."""
        name, _, variant = voice.partition("+")
        known = Path("voices", "!v")
        if variant and not (known / variant).is_file():
            names = ", ".join(sorted(path.name for path in known.iterdir()))
            raise Failure(f"espeak-ng has no variant {variant!r}; it has {names}")
        plus = f"+{variant}" if variant else ""
        tried = (voice, *(found + plus for found in _voices_of(name)))
        if not any(self._library.espeak_SetVoiceByName(each.encode()) == 0 for each in tried):
            raise Failure(f"espeak-ng has no voice {name!r}; try en-us, en-gb, or another language's code")

    def tune(self, speed: int, pitch: int, spread: int) -> None:
        """Words per minute; height and liveliness of the voice, 0 to 99."""
        for parameter, value in ((_RATE, speed), (_PITCH, pitch), (_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, number: int, text: str) -> None:
        """Synthesise; the callback answers."""
        self._id = number
        if number > self.unwanted:
            data = text.replace("\0", " ").encode()
            status = self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
            if status != 0:
                raise Failure(f"espeak-ng refused a text (status {status})")
        self._answers.write(b"D", struct.pack("<I", number))

    def phonemes(self, number: int, text: str) -> None:
        """Answer with the phonemes of a text, clause by clause."""
        rest, clauses = c_char_p(text.replace("\0", " ").encode()), list[bytes]()
        while rest.value:  # espeak-ng moves it behind the clause that it has read, and clears it at the end
            clauses.append(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA) or b"")
        self._answers.write(b"T", struct.pack("<I", number) + b"\n".join(clauses))
        self._answers.write(b"D", struct.pack("<I", number))

    def _called(self, wave: Any, count: int, events: Any) -> int:
        if self._id <= self.unwanted:
            return 1
        index = 0
        while (event := events[index]).type != _END_OF_LIST:
            index += 1
            if event.type in (_WORD, _CLAUSE_END):
                length = max(1, event.length) if event.type == _WORD else 0
                mark = (self._id, max(0, event.text_position - 1), length, max(0, event.sample))
                self._answers.write(b"W", struct.pack("<4I", *mark))
        if wave and count > 0:
            sound = ctypes.string_at(wave, 2 * count)
            self._answers.write(b"C", struct.pack("<I", self._id) + sound)
        return 0


def _voices_of(language: str) -> list[str]:
    """Files of voices that say they speak a language, the best first: ``en-gb`` is ``gmw/en``.

    espeak-ng finds a voice by its file's name only.
    """
    found: list[tuple[int, str]] = []
    for path in Path("lang").rglob("*"):
        for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
            words = line.split()
            if words[:1] == ["language"] and [each.lower() for each in words[1:2]] == [language.lower()]:
                rank = int(words[2]) if len(words) > 2 and words[2].isdigit() else 5  # its own default
                found.append((rank, path.relative_to("lang").as_posix()))
    return [name for _, name in sorted(found)]


class Answers:
    """Messages to the parent."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, kind: bytes, body: bytes) -> None:
        try:
            self._stream.write(HEADER.pack(kind, len(body)) + body)
            self._stream.flush()
        except BrokenPipeError:
            os._exit(0)


def _read(stream: BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        os._exit(0)  # the parent is gone
    return found


def _listen(stream: BinaryIO, orders: queue.SimpleQueue[tuple[bytes, bytes]], espeak: Espeak) -> None:
    """In a thread: an abort must be seen while espeak-ng is speaking."""
    while True:
        kind, length = HEADER.unpack(_read(stream, HEADER.size))
        body = _read(stream, length)
        if kind == b"A":
            espeak.unwanted = max(espeak.unwanted, struct.unpack("<I", body)[0])
        else:
            orders.put((kind, body))


def _obey(espeak: Espeak, kind: bytes, body: bytes) -> None:
    wanted = {b"S": espeak.speak, b"P": espeak.phonemes}.get(kind)
    if wanted is None:
        raise Failure(f"there is no order {kind!r}")
    wanted(struct.unpack_from("<I", body)[0], body[4:].decode())


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(description="espeak-ng behind a binary protocol on stdin and stdout")
    parser.add_argument("--library", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--voice", default="en-us")
    for name, usual in (("speed", 165), ("pitch", 50), ("spread", 50)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # whatever else prints must not land in the protocol
    try:
        espeak = Espeak(options.library, options.data, answers)
        espeak.use(options.voice)
        espeak.tune(options.speed, options.pitch, options.spread)
    except (Failure, OSError) as problem:
        answers.write(b"E", struct.pack("<I", 0) + str(problem).encode())
        sys.exit(1)
    answers.write(b"R", struct.pack("<I", espeak.rate))
    orders: queue.SimpleQueue[tuple[bytes, bytes]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders, espeak), daemon=True).start()
    while True:
        kind, body = orders.get()
        try:
            _obey(espeak, kind, body)
        except Failure as problem:
            answers.write(b"E", body[:4] + str(problem).encode())


if __name__ == "__main__":
    main()
