"""Ollama's own API as its documentation has it, over any brain.

``/api/tags``, ``/api/show``, ``/api/chat`` with ``think``, ``message.thinking``, whole tool calls, counts and
durations in the last line, errors as ``{"error": …}``. As its source does, it goes on from a last message of
the assistant's, white space trimmed, and tells what follows as content.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from pipeline.calls import CallFinder
from pipeline.ports import Limits, Pcm, Piece
from pipeline.prompt import Called, Heard, Human, Prompt, System, ToolCall, ToolResult, ToolSpec

from .desk import CLOSE, OPEN, Desk, Markers, human, pcm_of, reply_of, words
from .wire import Answer, Asked, told


class LikeOllama:
    """One server with one model."""

    def __init__(self, desk: Desk, *, tools: bool = True, elsewhere: str = "") -> None:
        """``elsewhere``: a model's name that it lists and runs on Ollama's own machines."""
        self.desk, self._tools, self._elsewhere = desk, tools, elsewhere
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/":
                return Answer(body=b"Ollama is running", kind="text/plain")
            case "GET", "/api/version":
                return told({"version": "0.12.0"})
            case "GET", "/api/tags":
                return told({"models": self._models()})
            case "GET", "/v1/models":
                data = [
                    {"id": model["name"], "object": "model", "owned_by": "library"}
                    for model in self._models()
                ]
                return told({"object": "list", "data": data})
            case "POST", "/api/show":
                return self._show(asked.json())
            case "POST", "/api/chat":
                return self._chat(asked.json())
        return Answer(404, b"404 page not found", "text/plain")

    def _models(self) -> list[dict[str, Any]]:
        details = {
            "format": "gguf",
            "family": "qwen3",
            "parameter_size": "0.6B",
            "quantization_level": "Q4_K_M",
        }
        models: list[dict[str, Any]] = [
            {"name": self.desk.model, "model": self.desk.model, "details": details}
        ]
        if self._elsewhere:
            far = {"name": self._elsewhere, "model": self._elsewhere, "remote_host": "https://ollama.com:443"}
            models.insert(0, far)
        return models

    def _show(self, body: dict[str, Any]) -> Answer:
        if body.get("model") != self.desk.model:
            return told({"error": f"model '{body.get('model')}' not found"}, 404)
        able = {
            "completion": True,
            "tools": self._tools,
            "thinking": self.desk.thinks,
            "audio": self.desk.hears,
        }
        return told(
            {
                "parameters": 'num_ctx          8192\nstop             "<|im_end|>"',
                "capabilities": [name for name, can in able.items() if can],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
            }
        )

    def _chat(self, body: dict[str, Any]) -> Answer:
        self.bodies.append(body)
        if body.get("model") != self.desk.model:
            return told({"error": f"model '{body.get('model')}' not found"}, 404)
        if body.get("think") and not self.desk.thinks:
            return told({"error": f'"{self.desk.model}" does not support thinking'}, 400)
        if body.get("tools") and not self._tools:
            return told(
                {"error": f"registry.ollama.ai/library/{self.desk.model} does not support tools"}, 400
            )
        messages = list(body["messages"])
        begun = messages.pop()["content"].strip() if messages[-1]["role"] == "assistant" else None
        thinks = self.desk.thinks and body.get("think", True) is not False
        reply = reply_of(
            begun if begun is not None or thinks else f"{OPEN}\n\n{CLOSE}\n", thinks=self.desk.thinks
        )
        try:
            prompt = Prompt((*self._turns(messages, body.get("tools")), reply))
        except ValueError as error:
            return told({"error": f"failed to load audio: {error}"}, 400)
        options = body.get("options") or {}
        limits = Limits(options.get("num_predict") or 256, tuple(options.get("stop") or ()))
        markers = Markers(thinking=reply.thinking and begun is None)
        stream = self._lines(body, self.desk.write(prompt, limits), markers, words(json.dumps(messages)))
        return Answer(kind="application/x-ndjson", stream=stream)

    def _turns(self, messages: list[dict[str, Any]], tools: Any) -> list[System | Human | Heard | Called]:
        turns: list[System | Human | Heard | Called] = []
        for number, message in enumerate(messages):
            match message["role"]:
                case "system":
                    specs = [tool["function"] for tool in tools or ()]
                    known = (
                        ToolSpec(f["name"], f["description"], json.dumps(f["parameters"])) for f in specs
                    )
                    turns.append(System(message["content"], tuple(known)))
                case "user":
                    turns.append(human(self._parts(message)))
                case "assistant" if calls := message.get("tool_calls"):
                    named = [(c["function"]["name"], json.dumps(c["function"]["arguments"])) for c in calls]
                    asked = tuple(ToolCall(f"{number}-{at}", *call) for at, call in enumerate(named))
                    results = messages[number + 1 : number + 1 + len(asked)]
                    told_of = tuple(
                        ToolResult(c.id, c.name, r["content"]) for c, r in zip(asked, results, strict=True)
                    )
                    turns.append(Called(asked, told_of, message["content"]))
                case "assistant":
                    turns.append(Heard(message["content"]))
        return turns

    def _parts(self, message: dict[str, Any]) -> list[Pcm | str]:
        sounds: list[Pcm | str] = [pcm_of(data) for data in message.get("images") or ()]
        if sounds and not self.desk.hears:
            raise ValueError("this model has no ears")
        return sounds + ([message["content"]] if message["content"] else [])

    async def _lines(
        self, body: dict[str, Any], pieces: AsyncGenerator[Piece, None], markers: Markers, read: int
    ) -> AsyncGenerator[bytes, None]:
        written, finder, why = 0, CallFinder(), "length"
        try:
            async for piece in pieces:
                written += 1
                why = (
                    "stop"
                    if piece.last and written < (body.get("options") or {}).get("num_predict", 256)
                    else why
                )
                thought, text = markers.feed(piece.text, last=piece.last)
                if thought:
                    yield self._line({"content": "", "thinking": thought})
                for passage in finder.feed(text) if body.get("tools") else [text]:
                    if isinstance(passage, str):
                        if passage:
                            yield self._line({"content": passage})
                        continue
                    function = {"name": passage.name, "arguments": json.loads(passage.arguments)}
                    yield self._line({"content": "", "tool_calls": [{"function": function}]})
            counts = {"total_duration": 10**9, "load_duration": 10**6, "prompt_eval_count": read}
            counts |= {"prompt_eval_duration": 10**8, "eval_count": written, "eval_duration": 10**8}
            yield self._line({"content": ""}, done=True, done_reason=why, **counts)
        finally:
            await pieces.aclose()

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        line = {"model": self.desk.model, "created_at": "2026-01-01T00:00:00Z", "done": False, **more}
        line["message"] = {"role": "assistant", **message}
        return json.dumps(line, ensure_ascii=False).encode() + b"\n"
