"""English sounds (festival's radio phones) as the nearest sounds of Italian, Finnish and Czech voices."""

from collections.abc import Sequence
from dataclasses import dataclass

_SAME = "b d f k l m n p s t g v r"
_TABLES = {
    "it": (
        "aa a1|ae E1|ah a1|ao O1|aw a1 u|ax e|axr e r|ay a1 i|eh E1|er e1 r|ey e1 i|ih i1|"
        "iy i1|ow o1 u|oy O1 i|uh u1|uw u1|el o l|em e m|en e n|ch tS|dh d|dx t|hh|jh dZ|"
        "ng ng|nx n|sh S|th t|w w|y j|z z|zh dZ"
    ),
    "fi": (
        "aa a:|ae &|ah a|ao o:|aw a u|ax e|axr e r|ay a i|eh e|er 7:|ey e i|ih i|iy i:|ow o u|"
        "oy o i|uh u|uw u:|el o l|em e m|en e n|ch t S|dh d|dx t|hh h|jh d j|ng N|nx n|sh S|"
        "th T|w v|y j|z s|zh S"
    ),
    "cz": (
        "aa a:|ae e|ah a|ao o:|aw a u|ax e|axr e r|ay a j|eh e|er e: r|ey e j|ih i|iy i:|"
        "ow o u|oy o j|uh u|uw u:|el o l|em e m|en e n|ch c~|dh d|dx t|hh h|jh dz~|ng n|nx n|"
        "sh s~|th s|w v|y j|z z|zh z~"
    ),
}
PHONES = {
    language: {phone: (phone,) for phone in _SAME.split()}
    | {entry.split()[0]: tuple(entry.split()[1:]) for entry in table.split("|")}
    | {"pau": ("#",)}
    for language, table in _TABLES.items()
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One sound as festival timed it."""

    phone: str
    seconds: float
    targets: tuple[tuple[float, float], ...] = ()
    "Seconds from the sound's beginning, and hertz."


def translated(segments: Sequence[Segment], language: str) -> list[Segment]:
    """The same melody and times with other sounds: two share the time of one, a lost one gives it on."""
    out, spare = list[Segment](), 0.0
    for segment in segments:
        phones = PHONES[language].get(segment.phone, ())
        if not phones:
            spare += segment.seconds
            continue
        seconds = (segment.seconds + spare) / len(phones)
        for place, phone in enumerate(phones):
            start = place * seconds
            inside = tuple(
                (at + spare - start, hertz)
                for at, hertz in segment.targets
                if start <= at + spare < start + seconds or (place == len(phones) - 1 and at + spare >= start)
            )
            out.append(Segment(phone, seconds, inside))
        spare = 0.0
    return out
