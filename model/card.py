"""What a bundle's config.json says: a typed record, every key known, every value checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from pipeline.errors import CheckpointError
from pipeline.mechanisms import SPEAKING
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import BLOCK

from .frontend import CHANNELS, COMPRESSION, FLOOR, HOP, LAG_BAND, LAG_WINDOW, LAGS, MELS, PITCHES, WINDOW
from .render import SEGMENT
from .shapes import CUE_SETS, CUES, Dims, Shapes, shapes

MODEL_TYPE = "hocket_tiny"
FRONT_END = "causal"
GRAPHS = ("encoder", "cue", "decoder")


@dataclass(frozen=True, slots=True)
class Mel:
    """The log-mel that the network was trained with; this engine has one front end, and plays no other."""

    bands: int = MELS
    window: int = WINDOW
    hop: int = HOP
    floor: float = FLOOR
    f_max: int = CAPTURE_RATE // 2


@dataclass(frozen=True, slots=True)
class Lags:
    """The lags that it was trained with; see `frontend`."""

    count: int = LAGS
    window: int = LAG_WINDOW
    pitch_min: float = PITCHES[0]
    pitch_max: float = PITCHES[1]
    f_min: float = LAG_BAND[0]
    fade: float = LAG_BAND[1]
    f_max: float = LAG_BAND[2]
    compression: float = COMPRESSION


@dataclass(frozen=True, slots=True)
class Joint:
    """What the ear alone tells of words, and how much it counts in a heard line; see `joint`."""

    scale: float
    "Of the cosine of an audio position and a token's embedding, before the softmax."
    weight: float
    "Of its log-probability beside the language model's."

    def __post_init__(self) -> None:
        if not (0 < self.scale <= 1000 and 0 <= self.weight <= 10):
            raise ValueError(
                f"joint is {self}, accepted are a scale above 0 and up to 1000, and a weight of 0 to 10"
            )


@dataclass(frozen=True, slots=True)
class Card:
    """config.json of a bundle."""

    model_type: str
    front_end: str
    dims: Dims
    language: str
    licence: str
    instructions: str
    "``ignored``, or ``read``: whether the prompt's system text reaches the model."
    history_turns: int
    "Earlier turns it was trained with."
    graph_weights: Mapping[str, Any]
    "Per graph, the beginnings of the names of its weights."
    system_prompt: str = ""
    "System text of a brain that ignores instructions."
    name: str = "practice brain"
    "How it is called on screen."
    note: str = ""
    "One sentence for the user."
    max_context: int = 2048
    "Most positions of prompt and reply together."
    max_segment_seconds: int = 25
    sample_rate: int = CAPTURE_RATE
    samples_per_position: int = BLOCK
    mel: Mel = Mel()
    lags: Lags = Lags()
    joint: Joint | None = None
    "None: heard lines are the language model's alone."
    cues: Sequence[str] = CUES
    refusal: Mapping[str, Any] = field(default_factory=dict)
    "Thresholds below which it should ask again, fitted to these weights; ``heard_logprob`` is used."
    thinks_while_listening: str = "no"
    "``interleaved``: it was trained to think between blocks of a turn's sound; ``no``: it was not."
    holds: bool = False
    "Trained to say only what a part of a thought bears out, and then to wait."
    speaking: str = ""
    "The way of speaking that ``auto`` takes with it (``ports.BrainFacts.speaking``)."
    tools: Sequence[str] = ()
    "Names of the tools that it was taught to call; it knows no others, and knows these only together."
    training: Mapping[str, Any] = field(default_factory=dict)
    "How it was trained; told, not used."

    def __post_init__(self) -> None:
        if self.model_type != MODEL_TYPE or self.front_end != FRONT_END:
            raise ValueError(
                f"it describes a {self.model_type!r} model with a {self.front_end!r} front end; "
                f"this engine plays {MODEL_TYPE!r} with {FRONT_END!r}"
            )
        fixed: dict[str, tuple[object, object]] = {
            "mel": (self.mel, Mel()),
            "lags": (self.lags, Lags()),
            "dims.channels": (self.dims.channels, CHANNELS),
            "sample_rate": (self.sample_rate, CAPTURE_RATE),
            "samples_per_position": (self.samples_per_position, BLOCK),
            "max_segment_seconds": (self.max_segment_seconds, SEGMENT // CAPTURE_RATE),
        }
        for key, (found, accepted) in fixed.items():
            if found != accepted:
                raise ValueError(f"{key} is {found}, accepted is {accepted}")
        if tuple(self.cues) not in CUE_SETS:
            raise ValueError(f"cues is {list(self.cues)}, accepted are {' and '.join(map(repr, CUE_SETS))}")
        if self.instructions not in ("ignored", "read"):
            raise ValueError(f"instructions is {self.instructions!r}, accepted are 'ignored' and 'read'")
        if self.thinks_while_listening not in ("no", "interleaved"):
            raise ValueError(
                f"thinks_while_listening is {self.thinks_while_listening!r}, "
                "accepted are 'no' and 'interleaved'"
            )
        if self.speaking == "auto" or self.speaking not in ("", *SPEAKING):
            named = ", ".join(name for name in SPEAKING if name != "auto")
            raise ValueError(f"speaking is {self.speaking!r}, accepted are {named}, or an empty text")
        if any(not isinstance(name, str) or not name for name in self.tools):
            raise ValueError("tools must be a list of names")
        if self.history_turns < 0 or not 16 <= self.max_context <= 1 << 20:
            raise ValueError("history_turns must be at least 0 and max_context 16 to 1048576")
        listed = [names for names in self.graph_weights.values() if _names(names)]
        if sorted(self.graph_weights) != sorted(GRAPHS) or len(listed) != len(GRAPHS):
            raise ValueError(f"graph_weights must list name beginnings for each of {', '.join(GRAPHS)}")
        if not isinstance(self.refusal.get("heard_logprob", 0.0), (int, float)):
            raise TypeError(f"refusal.heard_logprob is {self.refusal['heard_logprob']!r}, expected a number")

    def shapes(self, graph: str) -> Shapes:
        """The weights that one graph wants."""
        starts = tuple(self.graph_weights[graph])
        return {
            name: shape for name, shape in shapes(self.dims, self.cues).items() if name.startswith(starts)
        }


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def card(content: object, source: str) -> Card:
    """A card from parsed JSON. Raises CheckpointError naming ``source`` and the key that is wrong."""
    if isinstance(content, dict) and isinstance(dims := content.get("dims"), dict) and "mel" in dims:
        raise CheckpointError(
            f"{source} is of a brain that was trained with an earlier front end, mel bands alone; this "
            "engine hears lags beside them. Take a newer bundle, or train on from this one "
            "(python -m training run --start FOLDER)"
        )
    try:
        read: Card = _record(Card, content, "")
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"{source} cannot be used: {error}; use the config.json that came with the weights"
        ) from error
    return read


_NESTED: dict[str, type[Any]] = {"dims": Dims, "mel": Mel, "lags": Lags, "joint": Joint}
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "Mapping[str, Any]": (dict,),
    "Sequence[str]": (list,),
}


def _record(kind: type[Any], content: object, prefix: str) -> Any:
    if not isinstance(content, dict):
        raise TypeError(f"{prefix.rstrip('.') or 'the file'} is not a JSON object")
    known = {f.name: f for f in fields(kind)}
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise ValueError(f"unknown key {prefix}{unknown[0]!r} (known: {', '.join(known)})")
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name in _NESTED and not prefix:
            values[name] = _record(_NESTED[name], value, f"{name}.")
            continue
        accepted = _TYPES[str(known[name].type)]
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise TypeError(f"{prefix}{name} is {value!r}, expected {known[name].type}")
        values[name] = value
    needed = (f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)
    if missing := [name for name in needed if name not in values]:
        raise TypeError(f"{prefix}{missing[0]} is missing")
    return kind(**values)
