"""What a Step-Audio network costs on this machine, with random weights made on the device.

``python -m model.step.benchmark --shape r1 --device cuda --random --out r1.json``: one token for 1, 2, 8 and
32 lines beside the bytes it must read over the bandwidth measured in the same run, reading, hearing, the end
of speech to the first word in each way of speaking, and transformers' own Qwen2 on the same weights. The file
is written after each part; a part that is in it is not done again.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import HocketError, UserError

from .fit import SMALL
from .layout import Patches, Words
from .rig import SHAPES, Rig

ROWS = (1, 2, 8, 32)
CONTEXT = 512
"""Positions that each line holds before its tokens are timed: half a minute of sound and some text."""
STEPS = 32
POSITIONS = (13, 125, 313)
"""1, 10 and 25 s of sound."""
SECONDS = (2.0, 10.0, 25.0)
WORD = 3
"""Tokens after which a first word is taken to be whole."""
HEAD_START, THOUGHT = 80, 300
"""Tokens of thought before the first word: think-first (T_c of arXiv 2510.09592), and a whole thought."""
POOL = ROWS[-1] * (CONTEXT + 2 * STEPS) + 4096
"""Positions of keys and values."""

COPIED = {"cuda": 1 << 30, "cpu": 1 << 27}
"""Bytes of the copy that measures memory."""

Part = Callable[[Rig], dict[str, Any]]


def copy(rig: Rig) -> dict[str, Any]:
    """Bytes per second of a copy, read and written: what memory gives."""
    size = COPIED[rig.device.type]
    source = torch.ones(size, dtype=torch.uint8, device=rig.device)
    target = torch.empty_like(source)
    cost = rig.time(lambda: target.copy_(source), 20, warm=4)
    return {"bytes": size, "ms": asdict(cost), "bytes_per_second": round(2 * size / (cost.p50 / 1e3))}


def tokens(rig: Rig) -> dict[str, Any]:
    """One step of 1 to 32 lines: milliseconds, and the least that memory allows."""
    bandwidth = copy(rig)["bytes_per_second"]
    found = {}
    for rows in ROWS:
        lines, firsts = zip(*(rig.read(rig.words(CONTEXT)) for _ in range(rows)), strict=True)
        state = [token for token, _ in firsts]
        cost = rig.time(_step(rig, lines, state), STEPS, warm=4)
        for line in lines:
            line.close()
        reads = rig.read_per_step + rows * CONTEXT * rig.position_bytes
        found[str(rows)] = {
            "step_ms": asdict(cost),
            "ms_per_token": round(cost.p50 / rows, 4),
            "bytes": reads,
            "least_ms": round(1e3 * reads / bandwidth, 4),
        }
    return {"context": CONTEXT, "bandwidth": bandwidth, "rows": found}


def _step(rig: Rig, lines: Sequence[Any], state: list[int]) -> Callable[[], None]:
    def work() -> None:
        state[:] = [written[-1] for written in rig.write(lines, list(state), 2)]

    return work


def prefill(rig: Rig) -> dict[str, Any]:
    """Reading 1, 10 and 25 s of sound that is encoded, after a prompt that is known."""
    known = rig.words(CONTEXT)
    rig.read(known)[0].close()
    found = {}
    for count in POSITIONS:

        def work(count: int = count) -> None:
            rig.read(known, rig.words(count))[0].close()

        found[str(count)] = {"ms": asdict(rig.time(work, 10))}
    return {"after": CONTEXT, "positions": found}


def encoder(rig: Rig) -> dict[str, Any]:
    """Front end, encoder and adaptor for one segment."""
    found = {}
    for seconds in SECONDS:
        segments = iter([rig.patches(seconds) for _ in range(12)])

        def work(segments: Any = segments) -> None:
            rig.hearing.features(next(segments))

        found[f"{seconds:g}"] = {"ms": asdict(rig.time(work, 10))}
    return {"seconds": found}


def turn(rig: Rig) -> dict[str, Any]:
    """End of 4 s of speech to the first word in each way of speaking, the conversation before it known.

    Nothing of the turn was read before its end: what drafts in pauses save is not in it, nor are the decision
    that the turn is over and the voice.
    """
    ways = {"no-think": 0, "speak-first": 0, "think-first": HEAD_START, "think-fully": THOUGHT}
    known = rig.words(CONTEXT)
    rig.read(known)[0].close()
    found = {}
    for name, thought in ways.items():
        asked = iter([rig.patches(4.0) for _ in range(6)])

        def work(asked: Any = asked, thought: int = thought) -> None:
            heard, opened, closing = next(asked), rig.words(8), rig.words(6)
            runs: tuple[Words | Patches, ...] = (known, heard, opened)
            if thought:
                line, (token, _) = rig.read(*runs)
                runs = (*runs, Words(tuple(rig.write([line], [token], thought)[0])))
                line.close()
            line, (token, _) = rig.read(*runs, closing)
            rig.write([line], [token], WORD)
            line.close()

        found[name] = {"ms": asdict(rig.time(work, 5, warm=1)), "thought_tokens": thought}
    return {"seconds": 4.0, "word_tokens": WORD, "ways": found}


def plain(rig: Rig) -> dict[str, Any]:
    """transformers' Qwen2 with its own cache on the same tensors: one token for 1 to 32 lines."""
    try:
        from .plain import per_token
    except ImportError as error:
        return {"skipped": f"transformers cannot be imported ({error})"}
    if rig.dtype in SMALL:
        return {"skipped": f"its modules do not take over matrices in {rig.dtype}"}
    return {"context": CONTEXT, "rows": {str(rows): per_token(rig, rows, CONTEXT, STEPS) for rows in ROWS}}


PARTS: dict[str, Part] = {
    "copy": copy, "tokens": tokens, "prefill": prefill, "encoder": encoder, "turn": turn, "plain": plain,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the parts that the file lacks. Exits with a sentence for what cannot be done."""
    asked = _asked(arguments)
    try:
        _run(asked)
    except HocketError as error:
        sys.exit(str(error))


def _run(asked: argparse.Namespace) -> None:
    report = _begun(asked)
    todo = [name for name in asked.parts if name not in report["parts"]]
    if not todo:
        sys.stdout.write(f"{asked.out} holds all of {', '.join(asked.parts)}; take another --out\n")
        return
    if asked.device == "cpu":
        torch.set_num_threads(asked.threads)
    rig = Rig(asked.shape, asked.device, asked.dtype, POOL, graphs=asked.graphs)
    for name in todo:
        report["parts"][name] = PARTS[name](rig)
        asked.out.write_text(json.dumps(report, indent=1) + "\n")
        sys.stdout.write(f"{name}: {json.dumps(report['parts'][name])}\n")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model.step.benchmark", description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", help="bfloat16 on a GPU, float32 on a processor; int8, fp8 as loaded so")
    parser.add_argument("--random", action="store_true", required=True, help="weights are always random here")
    parser.add_argument("--out", type=Path, required=True, help="JSON; what it holds is not measured again")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--graphs", action="store_true", help="record steps once and replay them")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--note", default="", help="kept in the file: date, commit")
    asked = parser.parse_args(arguments)
    asked.dtype = asked.dtype or ("bfloat16" if asked.device.startswith("cuda") else "float32")
    return asked


def _begun(asked: argparse.Namespace) -> dict[str, Any]:
    """The file's report, or a new one. Raises UserError where it is of something else."""
    of = {
        "shape": asked.shape,
        "device": _device(asked.device),
        "dtype": asked.dtype,
        "graphs": asked.graphs,
        "torch": torch.__version__,
    }
    if not asked.out.exists():
        return {"of": of, "note": asked.note, "parts": {}}
    try:
        report: dict[str, Any] = json.loads(asked.out.read_text())
        known = report["of"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{asked.out} is no report of this program ({error}); take another --out") from error
    if known != of:
        raise UserError(f"{asked.out} is of {known}, this run is of {of}; take another --out")
    return report


def _device(wanted: str) -> str:
    if wanted.startswith("cuda"):
        if not torch.cuda.is_available():
            raise UserError(f"device is {wanted}, but torch {torch.__version__} finds no GPU; choose cpu")
        return torch.cuda.get_device_name(torch.device(wanted))
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
