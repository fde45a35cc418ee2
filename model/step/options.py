"""What a person may choose about a Step-Audio engine: where it runs, in which numbers, in how much memory."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import ConfigError

DTYPES = ("auto", "bfloat16", "float16", "float32", "int8", "fp8")
"""``auto``: as the weights are stored, and float32 on a processor."""


@dataclass(frozen=True, slots=True)
class StepOptions:
    """Bounds and whereabouts of one engine."""

    device: str = "auto"
    "``cpu``, ``cuda``, ``cuda:1``…; ``auto``: the first GPU that torch can use, else the processor."
    dtype: str = "auto"
    "One of ``DTYPES``; int8 and fp8 store the language model's matrices so and compute in bfloat16."
    positions: int = 16_384
    "Positions of keys and values that are kept, of all conversations together."
    segment: float = 25.0
    "Seconds of sound that the encoder hears at once; it was trained on long ones."
    threads: int = 1
    "Processor threads of one run, where it runs on the processor."
    chunk: int = 512
    "Most positions read in one run of the network."
    heard: int = 4096
    "Audio positions whose encoding is kept."

    graphs: bool = False
    """Each shape of a step is recorded once on the GPU and then replayed (CUDA graphs), which spares
    launching its thousands of small kernels one by one. Not yet tried on a GPU."""

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if self.dtype not in DTYPES:
            raise ConfigError(f"dtype is {self.dtype!r}; accepted are {', '.join(DTYPES)}")
        if not 0.5 <= self.segment <= 29.0:
            raise ConfigError(
                f"segment is {self.segment} s; Step-Audio hears 0.5 to 29 s at once (25 is usual)"
            )
        least = {"positions": 64, "threads": 1, "chunk": 1, "heard": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least {bound}")
