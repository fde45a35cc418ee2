"""Opens the engine of a group of voices and lists the voices of that group.

Only a spawned generation process may do so: two of the engines are GPL.
"""

import random

from . import voices
from .speech import Engine, Espeak, Flite, Missing
from .speech_festival import Festival
from .speech_pico import Pico
from .speech_rhvoice import RHVoice
from .speech_variants import invent

INVENTED = 600
"Made-up espeak voices of one order."


def open_espeak(group: str, seed: int) -> Espeak:
    """Espeak, with voices made up from `seed` where the group wants them."""
    if group != "invented":
        return Espeak()
    rng = random.Random(f"invented {seed}")
    return Espeak({f"own{seed}x{number:03d}": invent(rng) for number in range(INVENTED)})


def open_engine(group: str, espeak: Espeak) -> Engine:
    """Raises Missing where engine or voices cannot be had, ValueError without such a group."""
    if group not in voices.GROUPS:
        raise ValueError(f"no group of voices is called {group!r}; there are {', '.join(voices.GROUPS)}")
    wanted = voices.GROUPS[group]
    if wanted.engine == "espeak":
        return espeak
    if wanted.engine == "flite":
        return Flite()
    if wanted.engine == "pico":
        return Pico()
    engine = RHVoice() if wanted.engine == "rhvoice" else Festival()
    if not set(wanted.voices) <= set(engine.voices):
        raise Missing(f"{wanted.engine} is here, but its voice {' or '.join(wanted.voices)} is not installed")
    return engine


def voices_of(group: str, espeak: Espeak, *, unseen: bool) -> list[str]:
    """As the group's engine names them; `unseen`: espeak's test voices."""
    if group == "invented":
        return [f"gmw/{accent}+{own}" for own in espeak.own for accent in voices.ACCENTS]
    if group == "espeak":
        return voices.test_espeak() if unseen else voices.train_espeak(espeak.variants())
    return list(voices.GROUPS[group].voices)
