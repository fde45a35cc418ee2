"""llama.cpp's server by its own endpoints, as its README has them and as a built one answered.

``/health``, ``/props``, ``/v1/models``, ``/apply-template`` (ChatML) and ``/completion`` with
``multimodal_data`` at random media markers, ``stop`` with ``stopping_word``, ``n_probs`` and ``timings``.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from typing import Any

from pipeline.ports import Limits, Pcm, Piece
from pipeline.prompt import Heard, Human, Prompt, System

from .desk import Desk, human, pcm_of, reply_of, words
from .wire import Answer, Asked, told

MARKER = "<__media_Xc3oRu8QmEoP__>"
START, END = "<|im_start|>", "<|im_end|>\n"


class LikeLlamaCpp:
    """One server with one model."""

    def __init__(self, desk: Desk, *, slots: int = 2) -> None:
        self.desk, self._slots = desk, slots
        self._read: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/health":
                return told({"status": "ok"})
            case "GET", "/props":
                return told(self._props())
            case "GET", "/v1/models" | "/models":
                card = {
                    "id": self.desk.model,
                    "object": "model",
                    "owned_by": "llamacpp",
                    "meta": {"n_params": 600_000_000},
                }
                return told({"object": "list", "data": [card]})
            case "POST", "/apply-template":
                turns = asked.json()["messages"]
                said = "".join(f"{START}{turn['role']}\n{turn['content']}{END}" for turn in turns)
                return told({"prompt": f"{said}{START}assistant\n"})
            case "POST", "/completion":
                try:
                    return self._completion(asked.json())
                except ValueError as error:
                    return _failed(str(error))
        return told({"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, 404)

    def _props(self) -> dict[str, Any]:
        return {
            "default_generation_settings": {"n_ctx": 4096},
            "total_slots": self._slots,
            "model_path": self.desk.model,
            "chat_template": "…<think>…" if self.desk.thinks else "…",
            "modalities": {"vision": False, "audio": self.desk.hears},
            "media_marker": MARKER,
            "build_info": "b1-0000000",
        }

    def _completion(self, body: dict[str, Any]) -> Answer:
        self.bodies.append(body)
        given = body["prompt"]
        text = given if isinstance(given, str) else given["prompt_string"]
        media = [] if isinstance(given, str) else given["multimodal_data"]
        if media and not self.desk.hears:
            raise ValueError("Multimodal data provided, but model does not support multimodal requests.")
        if text.count(MARKER) != len(media):
            raise ValueError("Failed to tokenize prompt")
        prompt = self._prompt(text, [pcm_of(file) for file in media])
        cached = max((_common(text, before) for before in self._read), default=0)
        self._read = [*self._read[-self._slots :], text]
        timings = {"cache_n": words(text[:cached]), "prompt_n": words(text[cached:])}
        room = body["n_predict"] if body.get("n_predict", -1) >= 0 else 4096
        stops = tuple(stop for stop in body.get("stop") or () if stop != "<|im_end|>")
        reply = prompt.parts[-1]
        opens = self.desk.thinks and reply == reply_of(None, thinks=True) and not text.endswith("<think>\n")
        body = {**body, "opens": opens}  # left to itself, a brain that thinks writes the marker too
        pieces = self.desk.write(prompt, Limits(max(room, 1), stops))
        return Answer(
            kind="text/event-stream", stream=self._events(body, pieces, stops, words(text), timings)
        )

    def _prompt(self, text: str, sounds: list[Pcm]) -> Prompt:
        """The conversation that a ChatML text stands for."""
        *turns, last = text.removeprefix(START).split(END + START)
        built: list[System | Human | Heard] = []
        for turn in turns:
            role, _, said = turn.partition("\n")
            if role == "system":
                built.append(System(said))
            elif role == "user":
                pieces = re.split(f"({re.escape(MARKER)})\n?", said)
                parts = [
                    sounds.pop(0) if piece == MARKER else piece.removesuffix("\n")
                    for piece in pieces
                    if piece
                ]
                built.append(human(parts))
            else:
                built.append(Heard(said))
        if not last.startswith("assistant\n"):
            raise ValueError("this stand-in goes on from the assistant's turn alone")
        begun = last.removeprefix("assistant\n")
        return Prompt((*built, reply_of(begun or None, thinks=self.desk.thinks)))

    async def _events(
        self,
        body: dict[str, Any],
        pieces: AsyncGenerator[Piece, None],
        stops: tuple[str, ...],
        read: int,
        timings: dict[str, Any],
    ) -> AsyncGenerator[bytes, None]:
        written, held, word = 0, "", ""
        try:
            if body["opens"]:
                yield _event({"index": 0, "content": "<think>\n", "tokens": [0], "stop": False})
            async for piece in pieces:
                written, held = written + 1, held + piece.text
                word = next((stop for stop in stops if stop in held), "")
                shown = held[: held.index(word)] if word else held[: len(held) - _possible(held, stops)]
                shown = held if piece.last and not word else shown
                held = held[len(shown) :]
                probs = [{"id": piece.token, "token": shown, "logprob": piece.logprob, "top_logprobs": []}]
                more = {"completion_probabilities": probs} if body.get("n_probs") else {}
                if shown:
                    yield _event(
                        {"index": 0, "content": shown, "tokens": [piece.token], "stop": False, **more}
                    )
                if piece.last:
                    why = "word" if word else "limit" if written >= body.get("n_predict", 4096) else "eos"
                    ending = {"stop_type": why, "stopping_word": word, "tokens_predicted": written}
                    ending |= {"tokens_evaluated": read, "tokens_cached": read + written, "timings": timings}
                    yield _event({"index": 0, "content": "", "tokens": [], "stop": True, **ending})
        finally:
            await pieces.aclose()


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _failed(message: str) -> Answer:
    return told({"error": {"code": 400, "message": message, "type": "invalid_request_error"}}, 400)


def _common(text: str, other: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other))
    )


def _possible(text: str, stops: tuple[str, ...]) -> int:
    """Length of the longest end of a text that may become a stop; the server holds that back."""
    return max((n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
