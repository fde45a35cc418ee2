"""The brain under test with nothing warm: every session begins as if it were the engine's first.

Arms are compared on the same sound, so what one session left in a cache would make the next one look quick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.ports import BrainFacts, Judgement, Limits, Piece
from pipeline.prompt import Prompt

if TYPE_CHECKING:
    from model.engine import OnnxEngine


class FreshEngine:
    """An engine that forgets when it is told to; its network is loaded once. For one thread."""

    def __init__(self, folder: str | None = None) -> None:
        """``folder`` None: the bundled brain. Raises CheckpointError, ModelError."""
        from model.checkpoint import bundled, load
        from model.onnx_runtime import OnnxNetwork

        self._bundle = load(bundled() if folder is None else Path(folder))
        self._network = OnnxNetwork(self._bundle, provider="CPUExecutionProvider", threads=1)
        self._engine = self._made()

    def renew(self) -> None:
        """Forget all that was heard, read and owed."""
        self._engine.close()
        self._engine = self._made()

    def facts(self) -> BrainFacts:
        return self._engine.facts()

    def prefill(self, prompt: Prompt) -> int:
        return self._engine.prefill(prompt)

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        return self._engine.generate(prompt, limits)

    def judge(self, prompt: Prompt, onset: int) -> Judgement:
        return self._engine.judge(prompt, onset)

    def cost(self, method: str, result: Any) -> float:
        """Declared seconds; see ``OnnxEngine.cost``."""
        return self._engine.cost(method, result)

    def close(self) -> None:
        """A session that ends closes what it was lent; the network stays for the next one."""

    def _made(self) -> OnnxEngine:
        from model.engine import OnnxEngine

        return OnnxEngine(self._bundle, network=self._network)


def fingerprint(folder: Path | None) -> str:
    """Which weights: the first 16 digits of their BLAKE2b. Raises CheckpointError where there are none."""
    from model.checkpoint import bundled, load

    where = bundled() if folder is None else folder
    load(where)
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(where.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
