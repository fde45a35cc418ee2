"""llama.cpp's server by its own ``POST /completion``: text in, text out, sound beside it. Pure.

From its README (tools/server/README.md): ``prompt`` is a text, or an object of ``prompt_string`` and
``multimodal_data`` (base64 files, one for each media marker in the text); ``cache_prompt`` reads only what
differs from what a slot holds; ``n_predict``, ``stop`` (left out of the text, named in ``stopping_word``),
``n_probs``; events carry ``content`` and ``tokens``, the last one ``stop_type``, ``tokens_evaluated`` and
``timings``. ``GET /props`` tells the media marker (made anew at each start), ``modalities``, the context of a
slot and the chat template; ``POST /apply-template`` renders that.

Seen on a server built from llama-cpp-python 0.3.36's source: ``timings.cache_n`` counts what a slot had kept,
where ``tokens_cached`` counts all that it holds; sampling is greedy at temperature 0 only with the default
``samplers``; ``model`` is ignored; an unasked ``id_slot`` gets the slot with the longest common beginning, so
no slot is asked for: two generations of one session would wait for each other in it.

A text is gone on from wherever it ends, so thoughts and words continue with any model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import ModelError, PeerError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Prompt

from .dialect import Able, Ask, Bit, Dialect, Fetch, How, Listed, Told, Usage
from .events import glimpse
from .openai_chat import merged, said
from .opening import open_part, opening
from .sound import base64_wav, cut
from .template import CHATML, Template, harmless, learned, sample
from .textual import instructions, turns

FILE = 25.0
"""Seconds of sound in one file. Short closed segments, which save reading elsewhere, would each cost as much
as 30 s here."""

_FINISH = {"eos": "stop", "word": "stop", "limit": "length"}


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """The dialect, with what was learned of one server."""

    template: Template = CHATML
    marker: str = "<__media__>"
    "Stands in a text for a sound."
    name: str = "llama.cpp"
    framing: str = "sse"
    models: str = "/v1/models"
    segment: float = FILE
    believed: Able = field(
        default_factory=lambda: Able(
            continues=True, tools="text", logprobs=True, caches=True, thoughts="open"
        )
    )

    async def learn(self, fetch: Fetch, model: str) -> tuple[Dialect, Told]:
        """The model's template, the marker, and what the server tells of the rest."""
        try:
            props = await fetch("/props", None)
        except PeerError:
            props = None
        told = props if isinstance(props, dict) else {}
        template = await _template(fetch)
        marker = told.get("media_marker")
        knows = replace(
            self,
            template=template or self.template,
            marker=marker if isinstance(marker, str) and marker else self.marker,
        )
        return knows, _told(told)

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        try:
            return tuple(Listed(str(model["id"]), _size(model.get("meta"))) for model in payload["data"])
        except (KeyError, TypeError, AttributeError) as error:
            raise PeerError(f"this is no list of models: {glimpse(payload)}") from error

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        sounds: list[str] = []

        def sound(audio: Audio) -> str:
            files = [base64_wav(segment) for segment in cut(audio, self.segment)]
            sounds.extend(files)
            return self.marker * len(files)

        begun = opening(open_part(prompt), how.able, gap="\n\n")
        said = turns(prompt, sound, harmless)
        if sounds and not how.able.hears:
            raise ModelError(
                "this llama.cpp server has no ears: start it with a model that hears and its --mmproj file,"
                " or put a recogniser before it"
            )
        text = self.template.text(harmless(instructions(prompt, how.able.tools)), said, begun)
        body: dict[str, Any] = {
            "prompt": {"prompt_string": text, "multimodal_data": sounds} if sounds else text,
            "n_predict": limits.max_tokens,
            "temperature": how.temperature,
            "stop": [*limits.stop, *self.template.stops],
            "cache_prompt": True,
            "stream": True,
        }
        if how.model:
            body["model"] = how.model
        if how.able.logprobs:
            body["n_probs"] = 1
        return Ask("/completion", merged(body, how.extra), begun)

    def bit(self, event: Any) -> Bit | None:
        if not isinstance(event, dict) or not {"content", "error"} & event.keys():
            raise PeerError(f"llama.cpp's server sent an event of another kind: {glimpse(event)}")
        if error := event.get("error"):
            raise PeerError(f"llama.cpp's server failed while it answered: {said(error)}")
        told = [entry["logprob"] for entry in event.get("completion_probabilities") or ()]
        last = bool(event.get("stop"))
        word = event.get("stopping_word") or ""
        text = event["content"] + ("" if word in self.template.stops else word)
        bit = Bit(
            text=text,
            tokens=len(event.get("tokens") or ()) or (0 if last else 1),
            logprob=sum(told) / len(told) if told else None,
        )
        if not last:
            return bit if text else None
        return replace(bit, finish=_FINISH.get(event.get("stop_type") or "", "stop"), usage=_usage(event))


async def _template(fetch: Fetch) -> Template | None:
    """The joints of the model's own template; None where the server does not render it."""
    rendered = []
    for system in (True, False):
        try:
            answer = await fetch("/apply-template", {"messages": sample(system=system)})
            rendered.append(str(answer["prompt"]))
        except (PeerError, KeyError, TypeError):
            rendered.append("")  # some templates refuse a system text
    return learned(*rendered)


def _told(props: Mapping[str, Any]) -> Told:
    modalities, template = props.get("modalities"), props.get("chat_template")
    settings = props.get("default_generation_settings")
    context = settings.get("n_ctx") if isinstance(settings, dict) else None
    return Told(
        hears=bool(modalities.get("audio")) if isinstance(modalities, dict) else None,
        continues=True,
        thinks=True if isinstance(template, str) and "<think>" in template else None,
        tools="text",
        logprobs=True,
        caches=True,
        context=context if isinstance(context, int) else None,
    )


def _usage(event: Mapping[str, Any]) -> Usage:
    timings = event.get("timings") or {}
    return Usage(
        read=event.get("tokens_evaluated") or 0,
        cached=timings.get("cache_n") or 0,
        written=event.get("tokens_predicted") or 0,
    )


def _size(meta: Any) -> str:
    count = meta.get("n_params") if isinstance(meta, dict) else None
    return f"{count / 1e9:.1f}B" if isinstance(count, int) else ""
