"""What is said in a room besides questions: to somebody else, by somebody else, by an agent that talks on.

No numbers anywhere, so that none can be taken for an answer; sentences a small brain was not trained on.
"""

from __future__ import annotations

TALK = (
    "I would like to tell you about the harbour where I grew up because in the morning the boats came "
    "in there in a long row and the gulls followed them as far as the wall where my uncle kept a small "
    "shop at the corner with rope and paint and lamps in the window and he knew every captain by name "
    "and every captain owed him money and when the wind turned to the north nobody went out and the men "
    "sat in his shop and told stories of which most were not true but nobody minded because in winter "
    "the water was black and quiet and you could hear the church bell from the other shore and my "
    "mother used to say that the sea never keeps a promise and that this is why people who live beside "
    "it learn to wait and though I have moved away since then I still wake early and I still look at "
    "the sky before I look at anything else to see which way the weather is going and whether the boats "
    "will come home before the night or after it"
)
"""What an agent says that is to be talked over: most of a minute, and what flite takes as one phrase. One
breath without a mark, so that no voice pauses in it and a silence of 300 ms is the agent's doing."""

ASIDES = (
    "no, leave it on the table please",
    "could you close the door behind you",
    "the keys are hanging in the kitchen",
    "not now darling, i am on the phone",
    "yes, i will be there in a moment",
    "have you fed the cat this morning",
    "wait, somebody is talking to me",
    "put the other lamp beside the window",
    "can you turn the music down a little",
    "she said she would come back later",
)
"""Said by the user to somebody else."""

BEHIND = (
    "and now the weather for the coming week in the north",
    "the minister said that nothing has been decided yet",
    "so i told her that the garden needs more water",
    "passengers should not leave their luggage on the platform",
    "today we are going to make a simple soup with carrots",
    "the home team lost the ball again, what a pity",
    "my sister bought an old house beside the river",
    "after the break we talk about the history of bread",
)
"""Said by others behind the user: a neighbour, a loudspeaker, a television."""

NODS = ("yeah", "right", "okay", "uh-huh", "I see", "sure")
"""Spoken backchannels. The closed-mouth "mm-hm" is made by ``sounds``: synthesisers spell or sing it."""

OPENER = "please tell me a long story about a harbour, and do not stop until I ask you to"
"""Asked of an agent that can only be spoken to, where something is to be said over its voice."""
