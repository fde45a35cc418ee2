"""OpenAI's chat completions and the servers that speak them too. Pure: asks nobody.

- Plain and hosted: no way to continue the assistant's own message is documented; sound as ``input_audio``.
- vLLM: ``continue_final_message`` with ``add_generation_prompt: false``, ``stop_token_ids``,
  ``skip_special_tokens``, ``stream_options.continuous_usage_stats`` (its OpenAI-compatible server's extra
  parameters); thoughts as ``reasoning`` (``reasoning_content`` up to 0.11). A server that was started with a
  reasoning parser may tell the continued answer as thought too; probing finds that out.
- SGLang: ``continue_final_message``.
- transformers serve (5.23, read in its source): refuses fields it does not know with 422, always adds the
  generation prompt, so that it cannot continue; sends its usage with the last event.
- Step-Audio models on vLLM: role ``human``, the end of turn (151665) as a stop token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import PeerError
from pipeline.ports import Limits
from pipeline.prompt import Prompt

from .dialect import Able, Ask, Bit, CallBit, Dialect, Fetch, How, Listed, Told, Usage
from .events import glimpse
from .messages import Style, messages, tools_of
from .opening import open_part

STEP_EOT = 151665
"""Step-Audio's ``<|EOT|>``; its servers stop at nothing by themselves."""
_STEP = re.compile(r"step-?audio", re.IGNORECASE)
_NEWER = re.compile(r"(?:^|/)(?:o\d|gpt-5)", re.IGNORECASE)
"""Hosted models that refuse ``max_tokens`` and any temperature but their own (OpenAI's API reference)."""
_HIDDEN = 2048
"""Tokens beyond the answer's that these may think with: they count towards the limit, and come as no event.
With an answer's limit alone all of it goes into thought, and not a word comes."""
_SET = re.compile(r"-(?:chat|pro|preview)|o1-mini", re.IGNORECASE)
"""Of these models, those that take no ``reasoning_effort``, or one alone."""
_FINISH = {"stop": "stop", "length": "length", "tool_calls": "calls", "function_call": "calls"}


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """One flavour of ``/chat/completions``."""

    name: str = "openai"
    continuing: bool = False
    "It knows ``continue_final_message``."
    generation_prompt: bool = False
    "It must be told to add none then."
    counting: str = "end"
    "``stream_options``: ``end`` for one usage at the end, ``each`` for one per event, empty: it knows none."
    template_kwargs: bool = False
    "It hands ``chat_template_kwargs`` to the model's template."
    style: Style = field(default_factory=Style)
    believed: Able = field(default_factory=lambda: Able(tools="native"))
    framing: str = "sse"
    models: str = "/models"

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        """From ``{"data": [{"id": …}]}``."""
        return tuple(Listed(str(each["id"]), str(each.get("owned_by") or "")) for each in _data(payload))

    async def learn(self, fetch: Fetch, model: str) -> tuple[Dialect, Told]:
        """The context, where the list of models tells it (vLLM: ``max_model_len``), and whose list it is: a
        plain URL may be that of a server that can do more (``owned_by``, as in ``discovery.look``)."""
        if self.name == "transformers":
            return self, Told()  # its list tells of nothing but downloads, and fails where there are none
        try:
            found = [each for each in _data(await fetch(self.models, None)) if each["id"] == model]
        except PeerError:
            found = []
        length = found[0].get("max_model_len") if found else None
        known = {"vllm": vllm, "sglang": sglang} if self.name == "openai" else {}
        make = known.get(str(found[0].get("owned_by"))) if found else None
        return make() if make else self, Told(context=length if isinstance(length, int) else None)

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        """The chat request that continues this prompt."""
        if how.able.continues and not self.continuing:
            how = replace(how, able=replace(how.able, continues=False))
        step = self.continuing and _STEP.search(how.model) is not None
        style = replace(self.style, human="human", gap="\n") if step else self.style
        sent, begun = messages(prompt, how, style)
        body: dict[str, Any] = {"model": how.model, "messages": sent, "stream": True}
        if self.name == "openai" and _NEWER.search(how.model):
            body["max_completion_tokens"] = limits.max_tokens + _HIDDEN
            if not _SET.search(how.model):
                body["reasoning_effort"] = "low"  # somebody waits to hear the first word
        else:
            body |= {"max_tokens": limits.max_tokens, "temperature": how.temperature}
        if self.counting:
            every = {"continuous_usage_stats": True} if self.counting == "each" else {}
            body["stream_options"] = {"include_usage": True, **every}
        if tools := tools_of(prompt, how):
            body["tools"] = tools
        if how.able.logprobs:
            body["logprobs"] = True
        if step:
            body |= {"skip_special_tokens": False, "stop_token_ids": [STEP_EOT]}
        if begun:
            body["continue_final_message"] = True
            if self.generation_prompt:
                body["add_generation_prompt"] = False
        if self.template_kwargs and not open_part(prompt).thinking:
            body["chat_template_kwargs"] = {"enable_thinking": False}
        return Ask("/chat/completions", merged(body, how.extra), begun)

    def bit(self, event: Any) -> Bit | None:
        """One ``chat.completion.chunk``."""
        choice, usage = choice_of(event)
        if choice is None:
            return Bit(tokens=0, usage=usage) if usage else None
        delta = choice.get("delta") or {}
        thought = str(delta.get("reasoning_content") or delta.get("reasoning") or "")
        text = _plain(delta.get("content")) or str(delta.get("refusal") or "")
        calls = tuple(_call(each, at) for at, each in enumerate(delta.get("tool_calls") or ()))
        logprob, counted = logprobs_of(choice)
        tokens = counted or int(bool(thought or text or calls))
        return Bit(thought, text, calls, tokens, logprob, finish_of(choice), usage)


def merged(body: dict[str, Any], extra: Any) -> dict[str, Any]:
    """The body with the user's own fields over it; None takes a field out."""
    both = {**body, **extra}
    return {name: value for name, value in both.items() if value is not None}


def choice_of(event: Any) -> tuple[dict[str, Any] | None, Usage | None]:
    """The event's first choice and its usage. Raises PeerError where the event tells of an error."""
    if not isinstance(event, dict):
        raise PeerError(f"the server sent an event that is no object: {glimpse(event)}")
    if event.get("error"):
        raise PeerError(f"the server broke off: {said(event['error'])}")
    choices = event.get("choices") or []
    return (choices[0] if choices else None), usage_of(event.get("usage"))


def usage_of(usage: Any) -> Usage | None:
    """OpenAI's count of tokens; None where there is none."""
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
    return Usage(usage.get("prompt_tokens") or 0, cached, usage.get("completion_tokens") or 0)


def logprobs_of(choice: dict[str, Any]) -> tuple[float | None, int]:
    """The tokens' mean log-probability, and how many there are; None and 0 where it is not told."""
    content = (choice.get("logprobs") or {}).get("content") or []
    known = [float(each["logprob"]) for each in content if each.get("logprob") is not None]
    return (sum(known) / len(known) if known else None), len(content)


def finish_of(choice: dict[str, Any]) -> str:
    """Why the answer ends; empty: it goes on. Raises PeerError where the server gave it up (SGLang and vLLM:
    ``abort``; OpenRouter: ``error``)."""
    reason = choice.get("finish_reason")
    if reason in ("abort", "error"):
        raise PeerError("the server gave up in the middle of its answer")
    return _FINISH.get(str(reason), "stop") if reason else ""


def said(error: Any) -> str:
    """What an error object says, in at most 300 characters, none of which moves a terminal's cursor."""
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("error") or error
    text = error if isinstance(error, str) else glimpse(error)
    return "".join(each if each.isprintable() else " " for each in text[:300])


def _data(payload: Any) -> list[dict[str, Any]]:
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, list) or not all(isinstance(each, dict) and "id" in each for each in data):
        raise PeerError(f"this is no list of models: {glimpse(payload)}")
    return data


def _plain(content: Any) -> str:
    """Text, also where it comes in parts (Mistral)."""
    if isinstance(content, list):
        return "".join(str(each.get("text") or "") for each in content if isinstance(each, dict))
    return str(content or "")


def _call(delta: dict[str, Any], at: int) -> CallBit:
    function, index = delta.get("function") or {}, delta.get("index")
    return CallBit(
        at if index is None else int(index),
        str(delta.get("id") or ""),
        str(function.get("name") or ""),
        str(function.get("arguments") or ""),
    )


def openai() -> OpenAIChat:
    """OpenAI itself, and any other server of which nothing more is known."""
    return OpenAIChat()


def stepfun() -> OpenAIChat:
    """StepFun's hosted models: sound as data URLs (their API reference)."""
    return OpenAIChat("stepfun", style=Style(data_urls=True), believed=Able(hears=True))


def vllm() -> OpenAIChat:
    """vLLM; it caches prefixes unless it was told not to."""
    return OpenAIChat(
        "vllm", True, True, "each", True, believed=Able(continues=True, tools="native", caches=True)
    )


def sglang() -> OpenAIChat:
    """SGLang; it caches prefixes (RadixAttention) unless it was told not to."""
    return OpenAIChat(
        "sglang", True, False, "end", True, believed=Able(continues=True, tools="native", caches=True)
    )


def transformers() -> OpenAIChat:
    """``transformers serve``."""
    return OpenAIChat("transformers", counting="", template_kwargs=True, believed=Able(tools="native"))


def mistral() -> OpenAIChat:
    """Mistral's hosted models: ``stream_options`` is refused (422); their usage comes unasked."""
    return OpenAIChat("mistral", counting="")


def lmstudio() -> OpenAIChat:
    """LM Studio's local server."""
    return OpenAIChat("lmstudio")
