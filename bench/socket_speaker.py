"""The one loudspeaker of a call, whichever way its agent sends sound: in items, or as a track with stamps."""

from __future__ import annotations

from pipeline.ports import Pcm

from .rtc_sink import TrackSink
from .socket_sink import Cut, Sink
from .targets.port import Told


class Speaker:
    """Plays both; implements ``pipeline.ports.PlayoutSource``."""

    def __init__(self, jitter: float = 0.0) -> None:
        """``jitter`` seconds of buffer, meant as each of the two means it."""
        self._items, self._track = Sink(jitter), TrackSink(jitter)

    def arrive(self, told: Told, pcm: Pcm, at: int) -> None:
        """Sound that came at this position."""
        if told.stamp is None:
            self._items.arrive(told.item, pcm, at)
        else:
            self._track.arrive(pcm, at, told.stamp)

    def ended(self, item: str) -> None:
        """Nothing more will come for this utterance."""
        self._items.ended(item)

    def flush(self, at: int) -> list[Cut]:
        """Stop what came in items. A track is emptied at its sender's end: what still comes is heard."""
        return self._items.flush(at)

    def pull(self, count: int) -> Pcm:
        """The next ``count`` samples; silence where nothing plays."""
        return self._items.pull(count) + self._track.pull(count)

    def counted(self) -> dict[str, int]:
        """What had to be done to the sound."""
        both = (self._items, self._track)
        return {
            "Gaps": sum(sink.gaps for sink in both),
            "GapSamples": sum(sink.gap_samples for sink in both),
            "StaleSamples": self._items.late,
            "LateSamples": self._track.late,
            "ClockJumps": self._track.resyncs,
        }
