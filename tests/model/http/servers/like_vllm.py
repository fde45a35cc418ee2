"""vLLM's OpenAI-compatible server as its documentation and protocol have it, over any brain.

Of its own: ``continue_final_message`` against ``add_generation_prompt``, ``stop_token_ids``,
``skip_special_tokens``, ``include_stop_str_in_output``, ``usage.prompt_tokens_details.cached_tokens``
(``--enable-prompt-tokens-details``), ``reasoning`` (``--reasoning-parser``), ``owned_by``, and errors as
objects with ``message``, ``type``, ``param`` and ``code``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from pipeline.calls import CallFinder
from pipeline.ports import Limits, Pcm, Piece
from pipeline.prompt import Called, Heard, Human, Prompt, System, ToolCall, ToolResult, ToolSpec

from .desk import CLOSE, OPEN, Desk, Markers, human, pcm_of, reply_of, words
from .wire import NOT_FOUND, Answer, Asked, told

KNOWN = frozenset(
    {
        "messages", "model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature",
        "top_p", "top_k", "stop", "stop_token_ids", "skip_special_tokens", "include_stop_str_in_output",
        "add_generation_prompt", "continue_final_message", "chat_template_kwargs", "tools", "tool_choice",
        "logprobs", "top_logprobs", "cache_salt", "seed", "user",
    }
)  # fmt: skip
"""Fields that it reads; it lets others pass."""


class Refused(Exception):
    """A request that vLLM answers with an error."""

    def __init__(self, message: str, status: int = 400, kind: str = "BadRequestError") -> None:
        super().__init__(message)
        self.answer = told(
            {"error": {"message": message, "type": kind, "param": None, "code": status}}, status
        )


class LikeVllm:
    """One server."""

    def __init__(self, desk: Desk, *, parser: bool = False, details: bool = True) -> None:
        """``parser``: it was started with a reasoning parser; ``details``: it tells cached tokens."""
        self.desk, self._parser, self._details = desk, parser, details
        self._read: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/health":
                return Answer()
            case "GET", "/version":
                return told({"version": "0.11.0"})
            case "GET", "/v1/models":
                card = {"id": self.desk.model, "object": "model", "owned_by": "vllm", "max_model_len": 4096}
                return told({"object": "list", "data": [card]})
            case "POST", "/v1/chat/completions":
                try:
                    return self._chat(asked.json())
                except Refused as refused:
                    return refused.answer
        return NOT_FOUND

    def _chat(self, body: dict[str, Any]) -> Answer:
        self.bodies.append(body)
        if body.get("model") not in (None, self.desk.model):
            raise Refused(f"The model `{body['model']}` does not exist.", 404, "NotFoundError")
        going_on = bool(body.get("continue_final_message"))
        if going_on and body.get("add_generation_prompt", True):
            raise Refused("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
        messages = list(body["messages"])
        begun = str(messages.pop()["content"]) if going_on else None
        if not going_on and (body.get("chat_template_kwargs") or {}).get("enable_thinking") is False:
            begun = f"{OPEN}\n\n{CLOSE}\n\n"
        reply = reply_of(begun, thinks=self.desk.thinks)
        system = [_system(m, body.get("tools")) for m in messages if m["role"] == "system"]
        if not system and body.get("tools"):
            system = [_system({"content": ""}, body["tools"])]
        prompt = Prompt((*system, *self._turns(messages), reply))
        room = body.get("max_completion_tokens") or body.get("max_tokens") or 256
        stops = tuple(body.get("stop") or ())
        text = json.dumps([body.get("tools"), body["messages"]])
        cached = max((_common(text, before) for before in self._read), default=0)
        usage = {"prompt_tokens": words(text), "cached_tokens": words(text[:cached])}
        self._read = [*self._read[-8:], text]
        raw = begun is None and not self._parser and reply.thinking
        pieces = self.desk.write(prompt, Limits(room, stops))
        markers = Markers(thinking=reply.thinking and self._parser)
        return Answer(kind="text/event-stream", stream=self._events(body, pieces, markers, usage, raw))

    def _turns(self, messages: list[dict[str, Any]]) -> list[Human | Heard | Called]:
        turns: list[Human | Heard | Called] = []
        for message in messages:
            match message["role"]:
                case "user" | "human":
                    turns.append(human(self._parts(message["content"])))
                case "assistant" if calls := message.get("tool_calls"):
                    asked = tuple(
                        ToolCall(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls
                    )
                    blank = tuple(ToolResult(call.id, call.name, "") for call in asked)
                    turns.append(Called(asked, blank, message["content"] or ""))
                case "assistant":
                    turns.append(Heard(message["content"]))
                case "tool":
                    turns[-1] = _with_result(turns[-1], message)
        return turns

    def _parts(self, content: Any) -> list[Pcm | str]:
        if isinstance(content, str):
            return [content]
        parts: list[Pcm | str] = []
        for part in content:
            if part["type"] == "text":
                parts.append(part["text"])
                continue
            if not self.desk.hears:
                raise Refused("At most 0 audio(s) may be provided in one prompt.")
            try:
                parts.append(pcm_of(part["input_audio"]["data"]))
            except ValueError as error:
                raise Refused(f"Invalid audio: {error}") from error
        return parts

    async def _events(
        self,
        body: dict[str, Any],
        pieces: AsyncGenerator[Piece, None],
        markers: Markers,
        usage: dict[str, int],
        raw: bool,
    ) -> AsyncGenerator[bytes, None]:
        calls, finder = 0, CallFinder()
        written, why = 0, "length"
        wanted = bool(body.get("logprobs"))
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            if raw:
                yield self._chunk({"content": f"{OPEN}\n"})
            async for piece in pieces:
                written += 1
                why = "stop" if piece.last and written < (body.get("max_tokens") or 256) else why
                thought, text = markers.feed(piece.text, last=piece.last)
                if thought:
                    yield self._chunk({"reasoning": thought})
                for passage in finder.feed(text) if body.get("tools") else [text]:
                    if isinstance(passage, str):
                        if passage:
                            yield self._chunk({"content": passage}, piece.logprob if wanted else None)
                        continue
                    function = {"name": passage.name, "arguments": passage.arguments}
                    call = {"index": calls, "id": f"call_{calls}", "type": "function", "function": function}
                    yield self._chunk({"tool_calls": [call]})
                    calls += 1
            yield self._chunk({}, finish="tool_calls" if calls else why)
            if (body.get("stream_options") or {}).get("include_usage"):
                yield self._event({"choices": [], "usage": self._usage(usage, written)})
            yield b"data: [DONE]\n\n"
        finally:
            await pieces.aclose()

    def _chunk(self, delta: dict[str, Any], logprob: float | None = None, finish: str | None = None) -> bytes:
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": finish}
        if logprob is not None:
            choice["logprobs"] = {"content": [{"token": delta.get("content"), "logprob": logprob}]}
        return self._event({"choices": [choice]})

    def _event(self, told_of: dict[str, Any]) -> bytes:
        event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": self.desk.model, **told_of}
        return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"

    def _usage(self, read: dict[str, int], written: int) -> dict[str, Any]:
        total = read["prompt_tokens"] + written
        usage = {"prompt_tokens": read["prompt_tokens"], "completion_tokens": written, "total_tokens": total}
        details = {"cached_tokens": read["cached_tokens"]} if self._details else None
        return {**usage, "prompt_tokens_details": details}


def _system(message: dict[str, Any], tools: Any) -> System:
    specs = [tool["function"] for tool in tools or ()]
    known = tuple(ToolSpec(f["name"], f["description"], json.dumps(f["parameters"])) for f in specs)
    return System(message["content"], known)


def _with_result(turn: Any, message: dict[str, Any]) -> Called:
    results = tuple(
        ToolResult(r.id, r.name, message["content"]) if r.id == message["tool_call_id"] else r
        for r in turn.results
    )
    return Called(turn.calls, results, turn.said)


def _common(text: str, other: str) -> int:
    count = 0
    for a, b in zip(text, other, strict=False):
        if a != b:
            break
        count += 1
    return count
