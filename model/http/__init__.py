"""Brains behind somebody else's server: one client, and one small file per dialect."""
