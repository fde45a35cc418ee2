"""The settings of every stage of one session, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.turn import TurnConfig
from pipeline.captions import CaptionsConfig
from pipeline.decoder import DecoderConfig
from pipeline.encoder import EncoderConfig
from pipeline.levels import LevelsConfig
from pipeline.mechanisms import Mechanisms
from pipeline.overlap import OverlapConfig
from pipeline.speculation import SpeculationConfig
from pipeline.thinking import ThinkingConfig
from pipeline.vad import HysteresisConfig
from tts.speaking import SpeakingConfig


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Each stage's own settings, by its name."""

    turn: TurnConfig = field(default_factory=TurnConfig)
    hearing: HysteresisConfig = field(default_factory=HysteresisConfig)
    levels: LevelsConfig = field(default_factory=LevelsConfig)
    overlap: OverlapConfig = field(default_factory=OverlapConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    speaking: SpeakingConfig = field(default_factory=SpeakingConfig)
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    speculation: SpeculationConfig = field(default_factory=SpeculationConfig)
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    captions: CaptionsConfig = field(default_factory=CaptionsConfig)
    "Of a session with an ear."
