"""How the brain hears real people: three of a speaker's recorded digits in a row, to be said again.

Never trained on. Recordings: the Free Spoken Digit Dataset (CC BY-SA 4.0), 8 kHz files
`{digit}_{speaker}_{take}.wav`. Glued words lack the melody of a sentence, so this tells about voices and
channel more than about conversation. Thresholds of refusal are the bundle's, or chosen on the other speakers.
"""

import random
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from model.numerals import ONES
from pipeline.weighing import SURE

from .audio import POSITION, RATE, Pcm, rms, trim
from .augment import Clip
from .batch_player import BatchPlayer
from .outcomes import Outcome, play
from .scores import clustered, percent, wilson
from .second import Pair
from .sets import Case, case_of
from .skills.question import Question
from .spectrum import NO_WARP

LEVEL = 0.05
"Root mean square of each word: -26 dB full scale."
COUNT, DIGITS = 150, 3
"Phrases of each speaker, and digits of each."
WRONG = 0.03
"Share of confidently wrong answers that a threshold chosen on other speakers may leave there."
SHIPPED = "as shipped"
SECOND = (
    "The same phrases with the second ear (Moonshine tiny, fetched by `make ear`; a live microphone uses it):"
)
HEADER = (
    "| speaker | threshold | n | right [95 %] | answered and wrong [95 %] | refused "
    "| right among answered |\n|---|---|---|---|---|---|---|"
)


def recording(path: Path) -> Pcm:
    """One digit at 16 kHz, at `LEVEL`, whole: its authors cut it close already, and what is weak at its ends
    is how six begins and five ends. ValueError if the file is not 8 kHz mono."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
            raise ValueError(f"{path} is not 8 kHz mono of 16 bits")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    pcm = np.asarray(resample_poly(samples.astype(np.float32) / np.float32(32768), 2, 1), np.float32)
    loud = trim(pcm, 0.02 * float(np.abs(pcm).max()))
    return pcm * np.float32(LEVEL / rms(loud))


def phrase(words: Sequence[Pcm], rng: random.Random) -> Pcm:
    """Words with short silences between and around them, in a quiet room; whole positions."""
    parts = [np.zeros(int(RATE * rng.uniform(0.2, 0.3)), np.float32)]
    for word in words:
        parts += [word, np.zeros(int(RATE * rng.uniform(0.08, 0.25)), np.float32)]
    whole = np.concatenate([*parts, np.zeros(int(RATE * 0.2), np.float32)])
    whole = np.pad(whole, (0, -len(whole) % POSITION))
    room = np.random.default_rng(rng.getrandbits(32)).standard_normal(len(whole))
    out: Pcm = whole + np.float32(1e-4) * room.astype(np.float32)
    return out


def cases(recordings: Path, seed: int, count: int = COUNT) -> list[Case]:
    """`count` phrases of every speaker. SystemExit where there are no such files."""
    speakers = sorted({path.name.split("_")[1] for path in recordings.glob("*_*_*.wav")})
    if not speakers:
        raise SystemExit(f"{recordings} holds no files like 7_george_3.wav (Free Spoken Digit Dataset)")
    rng, found = random.Random(seed), list[Case]()
    for speaker in speakers:
        takes = {digit: sorted(recordings.glob(f"{digit}_{speaker}_*.wav")) for digit in range(10)}
        for _ in range(count):
            digits = tuple(rng.randrange(10) for _ in range(DIGITS))
            pcm = phrase([recording(rng.choice(takes[digit])) for digit in digits], rng)
            question = Question("digits", tuple(ONES[digit] for digit in digits), digits)
            found.append(case_of(Clip(pcm, pcm, NO_WARP), question, speaker))
    return found


def threshold_on(found: Sequence[Outcome], wrong: float = WRONG) -> float:
    """The lowest threshold that leaves at most this share of all answered and wrong."""
    scores = sorted(o.answer.heard_logprob for o in found if not o.right)
    allowed = int(wrong * len(found))
    if allowed >= len(scores):
        return -np.inf
    return float(np.nextafter(scores[len(scores) - 1 - allowed], np.inf))


def line(name: str, source: str, found: Sequence[tuple[Outcome, float]], *, many: bool) -> str:
    """One row under `HEADER`; each outcome with its threshold. `many`: intervals clustered by speaker."""
    n = len(found)
    right = [(o.case.voice, o.right_with_refusal(t)) for o, t in found]
    wrong = [(o.case.voice, o.wrong(t)) for o, t in found]
    answered = sum(not o.refused(t) for o, t in found)
    cells = [name, source, str(n)]
    for each in (right, wrong):
        total = sum(fine for _, fine in each)
        low, high = clustered(each) if many else wilson(total, n)
        cells.append(f"{percent(total, n)} [{percent(low, 1)}, {percent(high, 1)}]")
    cells += [percent(n - answered, n), percent(sum(fine for _, fine in right), answered)]
    return "| " + " | ".join(cells) + " |"


def measure(
    player: BatchPlayer,
    threshold: float,
    recordings: Path,
    seed: int,
    *,
    tell: Callable[[str], None],
    count: int = COUNT,
    second: Pair | None = None,
) -> list[str]:
    """Tells and gives the table: each speaker, then all, with the bundle's threshold and with others'.

    `second`: the same phrases once more with a second ear, in a table of its own.
    """
    asked = cases(recordings, seed, count)
    lines = table(play(player, asked), threshold)
    if second is not None:
        lines += ["", SECOND, "", *table(second.play(asked), SURE)]
    for one in lines:
        tell(one)
    return lines


def table(found: Sequence[Outcome], threshold: float) -> list[str]:
    """Lines under `HEADER`. `threshold`: what the product refuses below."""
    lines = [HEADER]
    everyone: list[tuple[Outcome, float]] = []
    for speaker in sorted({o.case.voice for o in found}):
        own = [o for o in found if o.case.voice == speaker]
        chosen = threshold_on([o for o in found if o.case.voice != speaker])
        lines.append(line(speaker, SHIPPED, [(o, threshold) for o in own], many=False))
        lines.append(line(speaker, "chosen on the others", [(o, chosen) for o in own], many=False))
        everyone += [(o, chosen) for o in own]
    lines.append(line("all", SHIPPED, [(o, threshold) for o in found], many=True))
    lines.append(line("all", "chosen on the others", everyone, many=True))
    return lines
