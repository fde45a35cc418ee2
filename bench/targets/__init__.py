"""Agents that are spoken to over a carrier, one small file per protocol. Must never score or keep time."""
