"""What Hocket can run by itself, as data, and whether it fits a machine: the table of ``hocket models``.

Counts are derived from the published configurations and checked against the classes that load them; licences
and sizes of files are as the hub showed them when this was written. Pure: knows no network, no framework and
no file but the rows below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .machine import GIB, Device, Machine

POSITIONS = 8192
"""Positions that a fit is told for, where a loader keeps no more unless it is told to."""
MARGIN = {"brain": 3 << 29, "ear": 1 << 29}
"""Bytes left for what is computed, and the driver. Chosen, not measured."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model."""

    name: str
    what: str
    "``brain``, or ``ear``: it writes down what is said, for a brain that reads."
    hub: str
    "Its id; empty: it comes with Hocket."
    licence: str
    weights: int
    "How many."
    small: int = 0
    "Of these, how many int8 stores in one byte; the others stay bfloat16."
    rows: int = 0
    "Rows of these, each with a scale in four bytes."
    position: int = 0
    "Bytes of keys and values per position, in bfloat16."
    kept: int = POSITIONS
    "Positions that its loader keeps room for unless it is told another number."
    context: int = 0
    "Positions it was trained for; 12.5 or 25 are a second of sound."
    download: int | None = None
    "Bytes of the files that are fetched; None: told when it is asked for."
    hears: str = "audio"
    thinks: bool = False
    continues: bool = True
    tools: str = "no"
    needs: str = "torch"
    "The extra that runs it; empty: the base install does."
    note: str = ""

    def bytes(self, dtype: str) -> int:
        """Of the weights: ``bfloat16``, ``float32`` or ``int8``."""
        if dtype == "int8":
            return self.small + 4 * self.rows + 2 * (self.weights - self.small)
        return self.weights * (4 if dtype == "float32" else 2)

    def states(self, dtype: str) -> int:
        """Bytes of keys and values of all its ``positions``."""
        return self.positions * self.position * (2 if dtype == "float32" else 1)

    @property
    def positions(self) -> int:
        """That it is loaded with: as many as are kept, or as it was trained for."""
        return min(self.kept, self.context)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model runs on a machine."""

    verdict: str
    "``yes``, ``int8 only``, ``slowly`` (on the processor; ``slowly, bf16``: not in float32) or ``no``."
    where: str
    lines: tuple[str, ...]
    "The sum, line by line."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, as text."""

    name: str
    what: str
    does: str
    weights: str
    memory: str
    licence: str
    fits: str
    get: str


def fits(entry: Entry, machine: Machine) -> Fit:
    """Where it would run: whole on a GPU, small on a GPU, or on the processor. By what is free now."""
    tries = [(gpu, dtype) for dtype in ("bfloat16", "int8") for gpu in machine.gpus]
    if not entry.needs:
        tries = [(machine.processor, "float32")]
    elif entry.what == "ear" or not machine.gpus:
        tries += [(machine.processor, "float32"), (machine.processor, "bfloat16")]
    if entry.small == 0:
        tries = [each for each in tries if each[1] != "int8"]
    for device, dtype in tries:
        need = _need(entry, dtype)
        if sum(need.values()) <= device.free:
            slow = device is machine.processor and entry.what == "brain" and bool(entry.needs)
            narrow = ", bf16" if dtype == "bfloat16" else ""
            verdict = f"slowly{narrow}" if slow else "int8 only" if dtype == "int8" else "yes"
            return Fit(verdict, device.name, _sum(need, device))
    smallest = machine.gpus[0] if machine.gpus else machine.processor
    dtype = tries[-1][1] if not machine.gpus else "int8" if entry.small else "bfloat16"
    return Fit("no", smallest.name, _sum(_need(entry, dtype), smallest))


def rows(machine: Machine, entries: tuple[Entry, ...] | None = None) -> tuple[Row, ...]:
    """The table, brains first, each kind from small to large."""
    known = ENTRIES if entries is None else entries
    order = sorted(known, key=lambda entry: (entry.what != "brain", entry.weights))
    return tuple(_row(entry, fits(entry, machine)) for entry in order)


def find(name: str) -> Entry | None:
    """The entry of a hub id (a revision after ``@`` counts for nothing) or a name."""
    plain = name.partition("@")[0].casefold()
    return next((each for each in ENTRIES if plain in (each.hub.casefold(), each.name.casefold())), None)


def table(machine: Machine) -> str:
    """The table as aligned text, and what it is about; for a terminal without colours as well."""
    heads = Row("model", "what", "does", "weights", "bf16 / int8", "licence", "here", "how")
    lines = [heads, *rows(machine)]
    names = list(Row.__dataclass_fields__)
    widths = [max(len(getattr(line, name)) for line in lines) for name in names]
    text = [
        "  ".join(getattr(line, name).ljust(size) for name, size in zip(names, widths, strict=True)).rstrip()
        for line in lines
    ]
    notes = [f"{entry.name}: {entry.note}." for entry in ENTRIES if entry.note]
    about = f"In GiB, with the usual positions of context. This machine: {machine.line()}."
    smaller = 'Where int8 or bf16 is said: dtype = "int8" or "bfloat16" under [brain] in the settings.'
    ears = "An ear, once `hocket models --get` has fetched it: --ear whisper:FOLDER."
    return "\n".join([*text, "", *notes, ears, smaller, about])


def _need(entry: Entry, dtype: str) -> dict[str, int]:
    need = {
        f"weights in {dtype}": entry.bytes(dtype),
        f"states of {entry.positions} positions": entry.states(dtype),
        "what is computed, and the driver": MARGIN[entry.what] if entry.needs else 0,
    }
    return {what: size for what, size in need.items() if size}


def _sum(need: dict[str, int], device: Device) -> tuple[str, ...]:
    lines = [f"{what}: {size / GIB:.2f} GiB" for what, size in need.items()]
    total = sum(need.values()) / GIB
    return (*lines, f"together {total:.2f} GiB; {device.name} has {device.free / GIB:.2f} GiB free")


def _row(entry: Entry, fit: Fit) -> Row:
    does = [entry.hears if entry.what == "ear" else f"hears {entry.hears}"]
    if entry.what == "brain":
        does += ["thinks"] if entry.thinks else []
        does += ["continues"] if entry.continues else []
        does += [f"tools ({entry.tools})"] if entry.tools != "no" else []
    whole = sum(_need(entry, "bfloat16" if entry.needs else "float32").values()) / GIB
    small = f" / {sum(_need(entry, 'int8').values()) / GIB:.1f}" if entry.small else ""
    return Row(
        name=entry.name,
        what=entry.what,
        does=", ".join(does),
        weights=_count(entry.weights),
        memory=f"{whole:.1f}{small}" if entry.needs else f"{whole:.2f}",
        licence=entry.licence,
        fits=fit.verdict,
        get=_how(entry),
    )


def _how(entry: Entry) -> str:
    if not entry.hub:
        return "it is here"
    return f"--model {entry.hub}" if entry.what == "brain" else f"--get {entry.hub}"


def _count(weights: int) -> str:
    return f"{weights / 1e9:.1f} B" if weights >= 1e9 else f"{weights / 1e6:.0f} M"


def _whisper(name: str, weights: int, stored: int, licence: str, languages: str = "99 languages") -> Entry:
    """``stored``: bytes per weight in the file that is fetched; 0: not known here."""
    return Entry(
        name=name.partition("/")[2],
        what="ear",
        hub=name,
        licence=licence,
        weights=weights,
        download=weights * stored or None,
        hears=languages,
        continues=False,
    )


_R1_1 = Entry(
    "Step-Audio R1.1", "brain", "stepfun-ai/Step-Audio-R1.1", "Apache-2.0", 33_487_033_600,
    small=31_205_621_760, rows=4_653_056, position=262_144, kept=16_384, context=65_536, thinks=True,
)  # fmt: skip
_MINI = Entry(
    "Step-Audio 2 mini", "brain", "stepfun-ai/Step-Audio-2-mini", "Apache-2.0", 8_315_179_264,
    small=6_525_288_448, rows=1_390_592, position=57_344, kept=16_384, context=16_384, tools="native",
)  # fmt: skip

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "bundled", "brain", "", "Apache-2.0", 4_471_054, position=1536, context=2048, download=0, thinks=True,
        needs="", note="for practice; it knows a few hundred words",
    ),
    _MINI,
    replace(_MINI, name="Step-Audio 2 mini Think", hub="stepfun-ai/Step-Audio-2-mini-Think", thinks=True),
    replace(
        _R1_1, name="Step-Audio R1", hub="stepfun-ai/Step-Audio-R1", licence="see the hub",
        note="the hub gives it to people who are logged in and accept its conditions",
    ),
    _R1_1,
    Entry(
        "Qwen2-Audio 7B", "brain", "Qwen/Qwen2-Audio-7B-Instruct", "Apache-2.0", 8_397_094_912,
        small=6_476_005_376, rows=1_359_872, position=524_288, context=8192, download=16_790_000_000,
    ),
    Entry(
        "Qwen2.5-Omni 3B", "brain", "Qwen/Qwen2.5-Omni-3B", "Qwen Research (not commercial)", 4_072_994_048,
        small=2_774_532_096, rows=1_032_192, position=36_864, context=32_768, tools="text",
        note="its thinker alone; the download holds the talker too",
    ),
    Entry(
        "Qwen2.5-Omni 7B", "brain", "Qwen/Qwen2.5-Omni-7B", "Apache-2.0", 8_301_343_488, small=6_525_288_448,
        rows=1_390_592, position=57_344, context=32_768, download=22_370_000_000, tools="text",
        note="its thinker alone; the download holds the talker too",
    ),
    _whisper("openai/whisper-tiny", 37_760_640, 4, "Apache-2.0"),
    _whisper("openai/whisper-base", 72_593_920, 0, "Apache-2.0"),
    _whisper("openai/whisper-small", 241_734_912, 0, "Apache-2.0"),
    _whisper("openai/whisper-medium", 763_857_920, 0, "Apache-2.0"),
    _whisper("openai/whisper-large-v3", 1_543_490_560, 2, "Apache-2.0"),
    _whisper("openai/whisper-large-v3-turbo", 808_878_080, 2, "MIT"),
    _whisper("distil-whisper/distil-large-v3", 756_405_760, 0, "MIT", "English"),
)  # fmt: skip
"""Every model that was built for; any other folder of the same kinds loads too."""
