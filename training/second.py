"""How the brain hears with a second ear: cases through the product's own engine, ear and weighing."""

from collections.abc import Sequence
from pathlib import Path

from model.checkpoint import load
from model.ears.moonshine import MoonshineEar
from model.engine import OnnxEngine
from pipeline.ports import Limits
from pipeline.prompt import Audio, Heard, Human, Part, Prompt, Reply, System
from pipeline.reading import HEARD
from pipeline.weighing import WIDTH, Opinion, agreed, hopeful, merged, weighed

from .language import SYSTEM
from .outcomes import Outcome
from .player import Answer
from .sets import Case

LONGEST = 240
"Tokens of a thought and its reply, as in `batch_player`."


class Pair:
    """The brain of a bundle, and an ear."""

    def __init__(self, bundle: Path, ear: Path) -> None:
        """Raises CheckpointError for either."""
        self._engine, self._ear = OnnxEngine(load(bundle)), MoonshineEar(ear)

    def opinion(self, case: Case) -> Opinion:
        """As `pipeline.second.SecondEar` forms it."""
        sound, prompt = self._asked(case)
        own = self._engine.readings(prompt, WIDTH)
        others = self._engine.compared(prompt, self._ear.transcribe(sound).text)
        if (opinion := agreed(own, others)) is not None:
            return opinion
        lines = hopeful(merged(own, others))
        return weighed(lines, self._ear.weigh(sound, [line.words for line in lines]))

    def play(self, cases: Sequence[Case]) -> list[Outcome]:
        """Answers; how sure of the heard line is the certainty of both ears. No case may call a tool."""
        return [self._played(case) for case in cases]

    def _played(self, case: Case) -> Outcome:
        opinion, (_, prompt) = self.opinion(case), self._asked(case)
        head = f"{HEARD} {opinion.line.words}\n"
        begun = Prompt((*prompt.parts[:-1], Reply(head)))
        rest = "".join(piece.text for piece in self._engine.generate(begun, Limits(LONGEST)))
        return Outcome(case, Answer(head + rest, opinion.certainty))

    def _asked(self, case: Case) -> tuple[Audio, Prompt]:
        """The newest turn's sound, and the prompt with the turns before it."""
        parts = list[Part]((System(SYSTEM),))
        for turn, (_, reply) in zip(case.before, case.past, strict=True):
            parts += [Human((Audio(turn.noisy.copy()),)), Heard(reply)]
        sound = Audio(case.noisy.copy())
        return sound, Prompt((*parts, Human((sound,)), Reply()))
