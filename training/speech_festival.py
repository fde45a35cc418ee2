"""festival as a process of its own that is asked over its standard input (the engine's licence is free).

Its voices are diphones, each of one person's recordings. Italian, Finnish and Czech ones say English with
kal's melody and their own sounds.
"""

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from .accent_phones import Segment, translated
from .attempts import FAULTS
from .audio import Pcm
from .speech import EngineDied, Missing, Spoken, Style, spoken

VOICES = {
    "ked": "ked_diphone",
    "kal": "kal_diphone",
    "lp": "lp_diphone",
    "pc": "pc_diphone",
    "lj": "suo_fi_lj_diphone",
    "mv": "hy_fi_mv_diphone",
    "dita": "czech_dita",
    "krb": "czech_krb",
    "machac": "czech_machac",
    "ph": "czech_ph",
}
"Folders of voices."
FOREIGN = {
    "lp": "it",
    "pc": "it",
    "lj": "fi",
    "mv": "fi",
    "dita": "cz",
    "krb": "cz",
    "machac": "cz",
    "ph": "cz",
}
_HEIGHTS = {"lp": (115, 290), "lj": (115, 290), "dita": (115, 290), "krb": (140, 320)}
"Mean hertz at the lowest and the highest pitch: two women, a woman and a boy; men have the default."
_MAN = (78, 220)
_MELODY = "kal"
_VOICES_FOLDER = Path("/usr/share/festival/voices")
_DONE = "hocket-done"
_READ = """
(set! u (Utterance Text "{text}"))
(utt.synth u)
"""
_SAY = """
(utt.save.wave {utterance} "{path}" 'riff)
(format t "%l {done}\\n" (mapcar (lambda (w) (item.feat w "word_end")) (utt.relation.items u 'Word)))
"""
_LIST = """
(format t "(")
(mapcar (lambda (s) (format t "%s %f ; " (item.name s) (item.feat s "end"))
 (mapcar (lambda (x) (format t "%f %f , " (item.feat x "pos") (item.feat x "f0")))
 (item.relation.daughters s 'Target)) (format t "| ")) (utt.relation.items u 'Segment))
(format t ") {done}\\n")
"""
_MANNER = """
(Parameter.set 'Duration_Stretch {stretch:.3f})
(set! int_lr_params '((target_f0_mean {mean:.0f}) (target_f0_std {spread:.0f})
 (model_f0_mean 170) (model_f0_std 34)))
"""


class Festival:
    """Voices: those of `VOICES` that are installed."""

    def __init__(self) -> None:
        """Raises Missing where festival is not installed."""
        program = shutil.which("festival")
        self.voices = tuple(
            name for name, folder in VOICES.items() if any(_VOICES_FOLDER.glob(f"*/{folder}"))
        )
        if not program or not self.voices:
            raise Missing(
                "festival is missing: apt-get install festival festvox-kallpc16k festvox-kdlpc16k "
                "festvox-italp16k festvox-itapc16k festvox-suopuhe-lj festvox-suopuhe-mv festvox-czech-dita "
                "festvox-czech-krb festvox-czech-machac festvox-czech-ph"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="hocket-festival-")
        self._process = subprocess.Popen(
            [program, "--pipe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self._voice = ""

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """Raises ValueError for a voice that is not installed."""
        return self.timed(text, 0, voice, style).pcm

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """A word ends where festival's own utterance says so."""
        if voice not in self.voices:
            raise ValueError(f"festival has no voice {voice!r}")
        if '"' in text or "\\" in text:
            raise ValueError(f"festival cannot be asked to say {text!r}")
        self._choose(_MELODY if voice in FOREIGN else voice)
        low, high = _HEIGHTS.get(voice, _MAN)
        mean = low * (high / low) ** style.pitch
        manner = _MANNER.format(stretch=1 / style.pace, mean=mean, spread=0.25 * mean * style.lively)
        path = Path(self._folder.name) / "said.wav"
        told = self._ask(manner + _READ.format(text=text) + _LIST.format(done=_DONE))
        utterance = "u"
        if voice in FOREIGN:
            self._choose(voice)
            self._ask(_segments(translated(_listed(told), FOREIGN[voice])) + f'(format t "() {_DONE}\\n")\n')
            utterance = "v"
        ends = self._ask(_SAY.format(utterance=utterance, path=path, done=_DONE))
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        seconds = [float(end) for end in ends.split()]
        return spoken(samples.astype(np.float32) / np.float32(32768), rate, seconds, count)

    def _choose(self, voice: str) -> None:
        if voice != self._voice:
            self._ask(f'(voice_{VOICES[voice]})\n(format t "() {_DONE}\\n")\n')
            self._voice = voice

    def _ask(self, commands: str) -> str:
        """Runs commands of which the last tells a list in brackets.

        EngineDied if they crashed it (of some sounds at 80 Hz it frees what it never had), RuntimeError if it
        ended otherwise.
        """
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None and told is not None
        asked.write(commands + "(fflush nil)\n")
        asked.flush()
        for line in told:
            if _DONE in line:
                return line[line.index("(") + 1 : line.rindex(")")] if "(" in line else ""
        crashed = -self._process.wait() in FAULTS
        raise (EngineDied if crashed else RuntimeError)(f"festival ended while it was asked: {commands}")


def _listed(told: str) -> list[Segment]:
    """Reads "name end ; place hertz , … |" for each sound."""
    segments, start = list[Segment](), 0.0
    for part in told.split("|"):
        if ";" in part:
            (name, end), targets = part.split(";")[0].split(), part.split(";")[1].split(",")
            pairs = [tuple(map(float, pair.split())) for pair in targets if pair.strip()]
            placed = tuple((place - start, hertz) for place, hertz in pairs)
            segments.append(Segment(name, max(0.01, float(end) - start), placed))
            start = float(end)
    return segments


def _segments(segments: list[Segment]) -> str:
    told = " ".join(
        f"({s.phone} {s.seconds:.4f} {' '.join(f'({at:.4f} {hertz:.1f})' for at, hertz in s.targets)})"
        for s in segments
    )
    return f"(set! v (utt.synth (Utterance Segments ({told}))))\n"
