"""Edges of sound: formats, resampling, recordings, voice detectors, devices, echo cancellation."""
