"""Ears for brains that only read: recognisers behind ``ports.Recogniser``, one file each, and the choice."""
