"""OpenAI's text completions: the prompt as one text, so that such a server continues anything. Pure.

What a person says, or a tool's description, can open no turn: a template's markers in it are broken up
(``template.harmless``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import ModelError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Prompt

from .dialect import Able, Ask, Bit, Dialect, Fetch, How, Listed, Told
from .openai_chat import OpenAIChat, choice_of, finish_of, merged
from .opening import open_part, opening
from .template import CHATML, Template, harmless
from .textual import instructions, turns


@dataclass(frozen=True, slots=True)
class OpenAICompletions:
    """``/completions`` with a chat template of ours, ChatML unless another one is given."""

    template: Template = CHATML
    gap: str = "\n\n"
    "Between ``</think>`` and the first word."
    name: str = "completions"
    framing: str = "sse"
    models: str = "/models"
    believed: Able = field(default_factory=lambda: Able(continues=True, tools="text"))

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        """As for chat completions."""
        return OpenAIChat().listed(payload)

    async def learn(self, fetch: Fetch, model: str) -> tuple[Dialect, Told]:
        """A text is continued by construction; tools are told in it; sound has no place in it."""
        _, told = await OpenAIChat().learn(fetch, model)
        return self, replace(told, hears=False, continues=True, tools="text")

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        """The request that continues this prompt."""
        able = replace(how.able, continues=True)
        begun = opening(open_part(prompt), able, gap=self.gap)
        said = turns(prompt, _no_sound, harmless)
        text = self.template.text(harmless(instructions(prompt, able.tools)), said, begun)
        body: dict[str, Any] = {
            "model": how.model, "prompt": text, "stream": True,
            "max_tokens": limits.max_tokens, "temperature": how.temperature,
        }  # fmt: skip
        if self.template.stops:
            body["stop"] = list(self.template.stops)
        if how.able.logprobs:
            body["logprobs"] = 0
        return Ask("/completions", merged(body, how.extra), begun)

    def bit(self, event: Any) -> Bit | None:
        """One ``text_completion``."""
        choice, usage = choice_of(event)
        if choice is None:
            return Bit(tokens=0, usage=usage) if usage else None
        text = str(choice.get("text") or "")
        told = choice.get("logprobs") or {}
        known = [each for each in told.get("token_logprobs") or () if each is not None]
        mean = sum(known) / len(known) if known else None
        return Bit("", text, (), len(known) or int(bool(text)), mean, finish_of(choice), usage)


def _no_sound(_audio: Audio) -> str:
    raise ModelError("text completions carry no sound; put an ear before this server ([ear])")
