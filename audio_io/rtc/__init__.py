"""WebRTC: a browser as an edge of sound. Needs the extra ``web``."""
