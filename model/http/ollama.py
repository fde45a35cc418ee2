"""Ollama's own chat: ``POST /api/chat``, a JSON object per line. Pure.

From Ollama's docs (docs/api.md, docs/capabilities/thinking.mdx, docs/api/errors.mdx): ``think`` turns
thoughts on and off, and they come apart in ``message.thinking``; a whole tool call comes in one event, its
arguments an object; results go back with role ``tool`` and ``tool_name``; the last line has ``done``,
``done_reason`` and the counts; an error in mid-stream is a line with ``error``; ``keep_alive`` keeps a model
loaded.

From its source, not its docs (server/routes.go, template/template.go, model/renderers and model/parsers of
August 2026): a last message of the assistant's is gone on from, its outer white space trimmed; while it has
content, what follows is told as content, so a thought that was begun there closes with ``</think>`` in the
text; ``images`` takes WAV files for models that hear, which llama.cpp reads, so they are cut as for it. Other
versions may differ, so all of it is probed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import ModelError, PeerError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Called, Heard, Human, Prompt, Reply, System, Text

from .dialect import Able, Ask, Bit, CallBit, Dialect, Fetch, How, Listed, Told, Usage
from .events import glimpse
from .llamacpp import FILE
from .messages import text_of
from .openai_chat import merged, said
from .opening import fresh, open_part, opening
from .sound import base64_wav, cut
from .textual import NOTHING_HEARD, called, instructions

KEEP = "30m"
"""How long a model stays loaded after a request; Ollama's own 5 minutes would make a pause cost a loading."""


@dataclass(frozen=True, slots=True)
class Ollama:
    """The dialect. Stops are left to the client: Ollama drops the text that stopped it and names none."""

    name: str = "ollama"
    framing: str = "lines"
    models: str = "/api/tags"
    segment: float = FILE
    believed: Able = field(default_factory=lambda: Able(continues=True, caches=True, thoughts="apart"))

    async def learn(self, fetch: Fetch, model: str) -> tuple[Dialect, Told]:
        """What ``POST /api/show`` tells of a model."""
        try:
            shown = await fetch("/api/show", {"model": model})
        except PeerError:
            return self, Told()
        can = shown.get("capabilities") if isinstance(shown, dict) else None
        if not isinstance(can, list):
            return self, Told()
        context = _setting(str(shown.get("parameters") or ""), "num_ctx")
        tools = "native" if "tools" in can else "text"
        return self, Told(hears="audio" in can, thinks="thinking" in can, tools=tools, context=context)

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        try:
            return tuple(_model(model) for model in payload["models"])
        except (KeyError, TypeError, AttributeError) as error:
            raise PeerError(f"this is no list of Ollama's models: {glimpse(payload)}") from error

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        reply = open_part(prompt)
        system = instructions(prompt, how.able.tools)
        messages = [{"role": "system", "content": system}] if system else []
        messages += [message for part in prompt for message in _messages(part, how)]
        begun, think = _begun(reply, how.able)
        if begun:
            messages.append({"role": "assistant", "content": begun})
        options = {"temperature": how.temperature, "num_predict": limits.max_tokens}
        body: dict[str, Any] = {"model": how.model, "messages": messages, "stream": True, "keep_alive": KEEP}
        if think is not None:
            body["think"] = think
        if tools := _tools(prompt, how.able):
            body["tools"] = tools
        if how.able.logprobs:
            body["logprobs"] = True
        own = how.extra.get("options")
        options |= own if isinstance(own, Mapping) else {}
        return Ask("/api/chat", merged(body, {**how.extra, "options": options}), begun)

    def bit(self, event: Any) -> Bit | None:
        if not isinstance(event, dict):
            raise PeerError(f"Ollama sent a line that is no object: {glimpse(event)}")
        if "error" in event:
            raise PeerError(f"Ollama failed while it answered: {said(event['error'])}")
        message = event.get("message") or {}
        calls = tuple(_call(number, call) for number, call in enumerate(message.get("tool_calls") or ()))
        told = [entry["logprob"] for entry in event.get("logprobs") or ()]
        text, thought = message.get("content") or "", message.get("thinking") or ""
        done = bool(event.get("done"))
        if not (text or thought or calls or done):
            return None
        bit = Bit(
            thought=thought,
            text=text,
            calls=calls,
            tokens=len(told) or (0 if done and not text else 1),
            logprob=sum(told) / len(told) if told else None,
        )
        return replace(bit, finish=_reason(event), usage=_usage(event)) if done else bit


def _messages(part: Any, how: How) -> list[dict[str, Any]]:
    match part:
        case Human():
            return [_human(part, how)]
        case Heard():
            return [{"role": "assistant", "content": part.text or NOTHING_HEARD}]
        case Called() if how.able.tools != "native":
            return [{"role": role, "content": text} for role, text in called(part)]
        case Called():
            asked = [{"function": {"name": c.name, "arguments": _object(c.arguments)}} for c in part.calls]
            results = [{"role": "tool", "tool_name": r.name, "content": r.content} for r in part.results]
            return [{"role": "assistant", "content": part.said, "tool_calls": asked}, *results]
        case _:
            return []


def _human(turn: Human, how: How) -> dict[str, Any]:
    """Words in their order; sounds stand before them, as Ollama puts what is in ``images``."""
    if turn.notes:
        raise ModelError("a brain behind a server takes notes as text only, not between blocks of sound")
    words = text_of(replace(turn, parts=tuple(part for part in turn.parts if isinstance(part, Text))))
    sounds = [part for part in turn.parts if isinstance(part, Audio) and len(part.pcm)]
    message: dict[str, Any] = {"role": "user", "content": words}
    if sounds and not how.able.hears:
        raise ModelError(f"{how.model} takes text only; put a recogniser before it: its facts say so")
    if sounds:
        message["images"] = [base64_wav(one) for sound in sounds for one in cut(sound, FILE)]
    return message


def _begun(reply: Reply, able: Able) -> tuple[str, bool | None]:
    """The beginning of the reply, and what to say about thinking (None: nothing; a model without thoughts
    refuses ``think``). A thought that goes on is plain content to Ollama, so it must not open one itself."""
    if not able.thinks:
        return opening(reply, able), None
    if fresh(reply):
        return "", reply.thinking
    begun = opening(reply, able, gap="\n\n")
    return begun, not reply.thinking and reply.thoughts is not None


def _tools(prompt: Prompt, able: Able) -> list[dict[str, Any]]:
    """The tools in the form of OpenAI's, which Ollama takes; none for a model that cannot call."""
    system = prompt.parts[0]
    if not isinstance(system, System) or able.tools != "native":
        return []
    told = [(tool, json.loads(tool.parameters)) for tool in system.tools]
    functions = [{"name": t.name, "description": t.description, "parameters": schema} for t, schema in told]
    return [{"type": "function", "function": function} for function in functions]


def _object(arguments: str) -> dict[str, Any]:
    """A call's arguments as the object that Ollama wants; what is none is shown to the brain as it was."""
    try:
        read = json.loads(arguments)
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"unreadable": arguments}


def _call(number: int, call: Any) -> CallBit:
    function = call.get("function") or {}
    arguments = json.dumps(function.get("arguments") or {}, ensure_ascii=False)
    return CallBit(function.get("index") or number, call.get("id") or "", function["name"], arguments)


def _reason(event: Mapping[str, Any]) -> str:
    return "length" if event.get("done_reason") == "length" else "stop"


def _usage(event: Mapping[str, Any]) -> Usage:
    return Usage(read=event.get("prompt_eval_count") or 0, written=event.get("eval_count") or 0)


def _model(model: Mapping[str, Any]) -> Listed:
    details = model.get("details") or {}
    size = (details.get("parameter_size"), details.get("quantization_level"))
    return Listed(str(model["name"]), " ".join(part for part in size if part))


def _setting(parameters: str, name: str) -> int | None:
    """A number among a model's own parameters, one to a line."""
    for line in parameters.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None
