"""Errors by whose fault they are: ours, the device's, the model's, the user's, the peer's.

::

    HocketError
    +-- BugError        we did something illegal: a stale write, an impossible event
    |   +-- StallError  virtual time cannot advance: every task waits for something that never comes
    +-- UserError       what the user gave us cannot be used; the text says what is accepted and what to do
    |   +-- ConfigError
    |   +-- SoundFileError
    +-- DeviceError     a microphone, loudspeaker or their library failed
    +-- ModelError      weights, tokenizer or engine cannot be used
    |   +-- CheckpointError
    +-- VoiceError      a speech synthesiser cannot be used
    +-- PeerError       the other end of a wire misbehaved

A command prints ``str(error)`` of any of these as one sentence and exits with 2 (UserError) or 1 (the rest).
"""

from __future__ import annotations


class HocketError(Exception):
    """Root of everything that Hocket raises on purpose."""


class BugError(HocketError):
    """An invariant of ours does not hold."""


class StallError(BugError):
    """Under virtual time nothing is ready and no timer is set."""


class UserError(HocketError):
    """What the user gave cannot be used."""


class ConfigError(UserError):
    """A setting is unknown, of the wrong type or out of range."""


class SoundFileError(UserError):
    """A sound file cannot be read or written."""


class DeviceError(HocketError):
    """A sound device is absent, busy, lost or refuses the format."""


class ModelError(HocketError):
    """A model cannot be loaded or failed while running."""


class CheckpointError(ModelError):
    """Weights or their description are missing, truncated, of the wrong shape or in an unsafe format."""


class VoiceError(HocketError):
    """A voice cannot be loaded or failed while speaking."""


class PeerError(HocketError):
    """A remote end sent something illegal or went away."""
