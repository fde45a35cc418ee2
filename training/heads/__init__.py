"""Trains the small heads over the encoder: has the user finished, and what kind of sound is a burst."""
