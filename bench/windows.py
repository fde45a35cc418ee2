"""Every window and threshold that a score depends on, by name, for reports to print beside their figures."""

from __future__ import annotations

from .audible import JOIN, THRESHOLD
from .heard import YIELDED
from .score_overlap import REACTION, RESPOND_WINDOW, RESUME_WINDOW, STOP_WINDOW, YIELD_WINDOW
from .score_reply import BLIP, BODY, REPLY_GAP, TAKEOVER, WAITED, WINDOW
from .score_scene import TAIL
from .score_sound import GAP
from .summary_overlap import FALSE, MISS

WINDOWS = {
    "audible_rms": THRESHOLD,
    "join": JOIN,
    "utterance_gap": YIELDED,
    "reply_gap": REPLY_GAP,
    "reply": WINDOW,
    "waited": WAITED,
    "tail": TAIL,
    "takeover": TAKEOVER,
    "body": BODY,
    "blip": BLIP,
    "stop": STOP_WINDOW,
    "yield": YIELD_WINDOW,
    "resume": RESUME_WINDOW,
    "respond": RESPOND_WINDOW,
    "reaction": REACTION,
    "inner_gap": GAP,
    "penalty_miss": MISS,
    "penalty_false": FALSE,
}
"""Seconds, but for the RMS of full scale 1.0 from which a window of 10 ms is audible."""
