"""Trains the bundled practice brain from scratch: synthetic speech in, think-then-answer text out.

Never imported at run time.
"""
