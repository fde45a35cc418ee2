"""Speaks turns and bursts into a folder. Runs only in a spawned worker process: it loads espeak-ng (GPL)."""

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training import voices
from training.attempts import attempts, done, watched
from training.audio import RATE, Pcm, rms
from training.progress import begin, say
from training.speech import Engine, Espeak, Flite, Style

from .text import Piece, Turn, draw_backchannel, draw_flowing, draw_turn, draw_words

STORED_LEVEL = 10 ** (-26 / 20)
FLOWING = 0.25
"Share of turns said in one breath and cut between words."
_FRAME = 512


@dataclass(frozen=True, slots=True)
class Order:
    """What one worker speaks."""

    folder: str
    group: str
    "espeak | kal16 | awb | slt | rms"
    turns: int
    bursts: int
    "Each of words and of backchannels."
    seed: int
    test: bool = False
    "Held-out operands, sentences and (espeak) voices."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn, or a burst (one piece): its sound lies in the order's .pcm file, piece after piece."""

    kind: str
    "turn | words | backchannel"
    skill: str
    voice: str
    pieces: tuple[Piece, ...]
    start: int
    counts: tuple[int, ...]
    "Samples of each piece."


def drawn_out(pcm: Pcm, factor: float, tail: float = 0.3) -> Pcm:
    """The last `tail` seconds last `factor` times as long, at the same pitch.

    Overlap-add of windows shifted to where they fit best (WSOLA, Verhelst and Roelands, ICASSP 1993).
    """
    count = min(len(pcm), int(tail * RATE))
    if factor == 1.0 or count < 4 * _FRAME:
        return pcm
    source, hop = pcm[-count:], _FRAME // 2
    window: Pcm = np.hanning(_FRAME).astype(np.float32)
    out = np.zeros(int(count * factor) + _FRAME, np.float32)
    weight = np.full(len(out), 1e-3, np.float32)
    last = -1
    for at in range(0, int(count * factor) - hop, hop):
        place = min(int(at / factor), count - _FRAME)
        if last >= 0 and last + hop + _FRAME <= count:
            wanted = source[last + hop : last + hop + _FRAME]
            near = range(max(0, place - 160), min(count - _FRAME, place + 160) + 1, 4)
            place = max(near, key=lambda p: float(source[p : p + _FRAME] @ wanted))
        out[at : at + _FRAME] += window * source[place : place + _FRAME]
        weight[at : at + _FRAME] += window
        last = place
    stretched = (out / np.maximum(weight, 0.05))[: int(count * factor)]
    return np.concatenate([pcm[:-count], stretched]).astype(np.float32)


class Worker:
    """Speaks the items of one order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        if order.group == voices.TEST_FLITE and not order.test:
            raise ValueError(f"{order.group} is a test voice: it must not speak for training")
        self._engine: Engine
        if order.group == "espeak":
            espeak = Espeak()
            self._engine = espeak
            self._voices = voices.test_espeak() if order.test else voices.train_espeak(espeak.variants())
        else:
            self._engine, self._voices = Flite(), [order.group]

    def _turn(self, turn: Turn, kind: str, rng: random.Random) -> tuple[Spoken, list[Pcm]] | None:
        voice = rng.choice(self._voices)
        style = Style(rng.uniform(0.7, 1.5), rng.random(), rng.uniform(0.1, 0.9))
        sounds = self._flowing(turn, voice, style) if turn.flows else [
            drawn_out(self._engine.say(p.text, voice, style), p.drawn) for p in turn.pieces
        ]  # fmt: skip
        if not sounds or any(not 0.08 * RATE < len(sound) < 12 * RATE for sound in sounds):
            return None
        gain = np.float32(STORED_LEVEL / rms(np.concatenate(sounds)))
        counts = tuple(len(sound) for sound in sounds)
        return Spoken(kind, turn.skill, voice, turn.pieces, 0, counts), [s * gain for s in sounds]

    def _flowing(self, turn: Turn, voice: str, style: Style) -> list[Pcm]:
        """None where the engine did not tell where the words end."""
        counts = [len(p.text.split()) for p in turn.pieces]
        said = self._engine.timed(" ".join(p.text for p in turn.pieces), sum(counts), voice, style)
        if not said.ends:
            return []
        borders = [said.ends[count - 1] for count in itertools.accumulate(counts)]
        return [said.pcm[a:b] for a, b in itertools.pairwise([0, *borders])]

    def item(self, number: int) -> tuple[Spoken, list[Pcm]] | None:
        """One of the order's turns or, after them, bursts; None where it came out too short or too long."""
        order = self._order
        rng = random.Random(f"heads {order.group} {order.seed} {number}")
        if number < order.turns:
            draw = draw_flowing if rng.random() < FLOWING else draw_turn
            return self._turn(draw(rng, test=order.test), "turn", rng)
        kind = "words" if (number - order.turns) % 2 else "backchannel"
        if kind == "words":
            text = draw_words(rng, test=order.test)
        else:
            text = draw_backchannel(rng, mnemonics=order.group == "espeak")
        return self._turn(Turn(kind, (Piece(text),)), kind, rng)


def _speak(orders: Sequence[Order]) -> None:
    begin()
    for order in orders:
        folder = Path(order.folder)
        folder.mkdir(parents=True, exist_ok=True)
        name = folder / f"{order.group}-{order.seed}-{order.turns}-{order.bursts}"
        if name.with_suffix(".jsonl").exists():
            continue
        lines, chunks, start = list[str](), list[Pcm](), 0
        worker = Worker(order)
        for number in attempts(name):
            if number >= order.turns + 2 * order.bursts:
                break
            found = worker.item(number)
            if found is None:
                continue
            spoken, sounds = found
            lines.append(json.dumps(asdict(spoken) | {"start": start}) + "\n")
            chunks += sounds
            start += sum(spoken.counts)
        (np.concatenate(chunks) * 32768).clip(-32768, 32767).astype(np.int16).tofile(name.with_suffix(".pcm"))
        partial = name.with_suffix(".partial")
        partial.write_text("".join(lines), encoding="utf-8")
        partial.rename(name.with_suffix(".jsonl"))
        done(name)
        say(f"{name.name}: {len(lines)} items, {start / RATE / 60:.0f} min of speech")


def speak_apart(orders: Sequence[Order]) -> None:
    """All orders, one after another, in one spawned process. Raises as `watched`."""
    watched(_speak, list(orders))


class Spoke:
    """All finished items of a folder."""

    def __init__(self, folder: Path) -> None:
        self.items: list[tuple[str, Spoken]] = []
        self._sound: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int16]]] = {}
        for path in sorted(folder.glob("*.jsonl")):
            self._sound[path.stem] = np.memmap(path.with_suffix(".pcm"), np.int16, "r")
            for line in path.read_text(encoding="utf-8").splitlines():
                content = json.loads(line)
                pieces = tuple(Piece(**piece) for piece in content.pop("pieces"))
                counts = tuple(content.pop("counts"))
                self.items.append((path.stem, Spoken(pieces=pieces, counts=counts, **content)))
        if not self.items:
            raise FileNotFoundError(f"{folder} holds no speech for the heads")

    def pieces(self, name: str, spoken: Spoken) -> list[Pcm]:
        """The clean sound of each piece, the whole at -26 dB full scale."""
        out, at = list[Pcm](), spoken.start
        for count in spoken.counts:
            stored = self._sound[name][at : at + count]
            out.append(np.asarray(stored, np.float32) * np.float32(1 / 32768))
            at += count
        return out
