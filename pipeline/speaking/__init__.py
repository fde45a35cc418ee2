"""Ways of sharing a reply's time between thought and speech: one small file each, behind one port.

Two generations of one model run side by side (Mind-Paced Speaking, arXiv 2510.09592): *formulation* keeps
thinking; *articulation* writes the reply in segments, each from the thoughts and the words so far.
"""
