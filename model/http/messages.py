"""A prompt as the messages of a chat request, in the form that OpenAI's and most other servers read. Pure."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.errors import ModelError
from pipeline.prompt import Audio, Called, Heard, Human, Prompt, System, Text, ToolSpec

from .dialect import How
from .opening import fresh, open_part, opening
from .sound import base64_wav, cut
from .textual import NOTHING_HEARD, called, instructions

Message: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Style:
    """In what servers of this kind differ."""

    human: str = "user"
    "Role of the person's turns."
    data_urls: bool = False
    "Sound as ``data:audio/wav;base64,…`` instead of bare base64 (StepFun's hosted models)."
    gap: str = "\n\n"
    "Between ``</think>`` and the first word of a message that is to be continued."


def messages(prompt: Prompt, how: How, style: Style) -> tuple[list[Message], str]:
    """The messages, and the beginning of the assistant's own one, which is the last of them ("": none is).

    Raises ModelError where the prompt holds what this server cannot take.
    """
    reply = open_part(prompt)
    begun = opening(reply, how.able, gap=style.gap)
    if reply.thinking and fresh(reply) and how.able.thoughts:
        begun = ""  # it begins thoughts in a way of its own, which was seen
    built: list[Message] = []
    for part in prompt.parts[:-1]:
        if isinstance(part, System):
            text = instructions(prompt, how.able.tools)
            built += [{"role": "system", "content": text}] if text else []
        elif isinstance(part, Human):
            built.append({"role": style.human, "content": _human(part, how, style)})
        elif isinstance(part, Called):
            built += _called(part, style, native=how.able.tools == "native")
        elif isinstance(part, Heard):
            built.append({"role": "assistant", "content": part.text or NOTHING_HEARD})
        else:
            raise ModelError("only a prompt's last part may be open")
    built = _joined(built, style.human)
    if begun:
        built.append({"role": "assistant", "content": begun})
    return built, begun


def tools_of(prompt: Prompt, how: How) -> list[Message]:
    """What a request tells of tools, where the server has a form for that; else nothing."""
    if how.able.tools != "native":
        return []
    return [_spec(tool) for part in prompt if isinstance(part, System) for tool in part.tools]


def _spec(tool: ToolSpec) -> Message:
    return {
        "type": "function",
        "function": {
            "name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters),
        },
    }  # fmt: skip


def _human(part: Human, how: How, style: Style) -> str | list[Message]:
    """One string where it is all text: many templates take nothing else."""
    if part.notes:
        raise ModelError("a brain behind a server takes notes as text only, not between blocks of sound")
    if not any(isinstance(each, Audio) for each in part.parts):
        return text_of(part)
    if not how.able.hears:
        raise ModelError(
            'this server reads text and was given sound; put an ear before it ([ear] name = "auto"), or '
            "name a model that hears"
        )
    content: list[Message] = []
    for each in part.parts:
        if isinstance(each, Text):
            content.append({"type": "text", "text": each.text})
        else:
            content += [_sound(segment, style) for segment in cut(each, how.segment)]
    return content


def text_of(part: Human) -> str:
    """A turn's texts, one below the other. Raises ModelError where it holds sound."""
    if any(isinstance(each, Audio) for each in part.parts):
        raise ModelError("this server reads text only and was given sound; put an ear before it ([ear])")
    return "\n".join(each.text for each in part.parts if isinstance(each, Text) and each.text)


def _joined(built: list[Message], human: str) -> list[Message]:
    """What the person said in a row as one message: some templates (Gemma, Mistral) refuse two. A tool's
    result that nobody heard an answer to leaves them so, where the brain is told of tools in text."""
    joined: list[Message] = []
    for each in built:
        if joined and each["role"] == human == joined[-1]["role"]:
            before, after = joined[-1]["content"], each["content"]
            if isinstance(before, str) and isinstance(after, str):
                joined[-1] = {**each, "content": f"{before}\n{after}"}
            else:
                joined[-1] = {**each, "content": _parts(before) + _parts(after)}
        else:
            joined.append(each)
    return joined


def _parts(content: str | list[Message]) -> list[Message]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _sound(segment: Audio, style: Style) -> Message:
    data = base64_wav(segment)
    if style.data_urls:
        data = f"data:audio/wav;base64,{data}"
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def _called(part: Called, style: Style, *, native: bool) -> list[Message]:
    if not native:
        (_, step), (_, told) = called(part)
        return [{"role": "assistant", "content": step}, {"role": style.human, "content": told}]
    calls_told = [
        {
            "id": _id(call.id),
            "type": "function",
            "function": {"name": call.name, "arguments": _readable(call.arguments)},
        }
        for call in part.calls
    ]
    return [
        {"role": "assistant", "content": part.said or None, "tool_calls": calls_told},
        *({"role": "tool", "tool_call_id": _id(each.id), "content": each.content} for each in part.results),
    ]


def _id(call: str) -> str:
    """Stands for a call in one request: nine letters and digits, as Mistral and its templates demand."""
    return f"c{zlib.crc32(call.encode('utf-8', 'replace')):08x}"


def _readable(arguments: str) -> str:
    """Arguments that are no JSON object as one: servers that decode the history refuse anything else."""
    try:
        good = isinstance(json.loads(arguments), dict)
    except ValueError:
        good = False
    return arguments if good else json.dumps({"unreadable": arguments})
