"""Small talk, and what listeners say: closed lists, trained whole; tests meet them in other voices alone."""

import random
from dataclasses import dataclass

from .question import Measured, Past, Question, Skill

SMALL_TALK = {
    "Hello! Ask me a sum, or how your voice sounds.": (
        "hello", "hi", "hey", "good morning", "hello there", "good evening", "hi there"),
    "I am Hocket, a small practice brain.": (
        "who are you", "what are you", "what is your name", "what's your name", "tell me about yourself"),
    "I can do sums, spell, count beeps, sort numbers, and tell how you speak.": (
        "what can you do", "help", "help me", "what else can you do", "what do you know"),
    "Try this: how many letters are in banana.": ("what should i ask", "what can i ask", "give me an idea"),
    "You are welcome.": ("thank you", "thanks", "thanks a lot", "thank you very much"),
    "Okay.": ("stop", "stop it", "be quiet", "stop talking", "that is enough", "never mind"),
    "Goodbye!": ("goodbye", "bye", "bye bye", "see you later", "good night"),
    "I am fine, thank you.": ("how are you", "how are you today", "how do you do"),
    "I was trained from nothing, on a small computer.": (
        "who made you", "how were you made", "where do you come from", "how old are you"),
    "No, I am a program.": ("are you a robot", "are you human", "are you real", "are you a person"),
    "I hear sound, not text.": ("can you hear me", "do you hear me", "are you there", "are you listening"),
    "Take your time.": ("wait", "one moment", "wait a moment", "hold on", "let me think"),
    "Good.": ("very good", "well done", "that is right", "good job", "great"),
    "Sorry. Please ask me again.": ("that is wrong", "that is not right", "you are wrong"),
    "I know no jokes, only numbers.": ("tell me a joke", "can you tell a joke", "make me laugh"),
    "I like numbers best.": ("what do you like", "what is your favorite word", "do you like music"),
    "I can not sing.": ("can you sing", "sing a song", "please sing"),
    "Yes, a little.": ("are you smart", "can you think", "do you think"),
    "Nice to meet you.": ("nice to meet you", "pleased to meet you"),
}  # fmt: skip
NODS = {
    "mhm": ("mm-hmm", "uh-huh"),
    "yeah": ("yeah", "yes", "yep"),
    "right": ("right",),
    "okay": ("okay",),
    "i see": ("i see",),
    "sure": ("sure",),
}
"""What listeners say, by how it is written when heard. They want no answer."""
TALK_REPLY = {said: reply for reply, ways in SMALL_TALK.items() for said in ways}
SPOKEN = (*TALK_REPLY, *NODS)
REPLIES = tuple(SMALL_TALK)
MARKS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """Answered by heart."""

    name: str = "talk"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        ways = rng.choice(sorted(SMALL_TALK.values()))
        return Question(self.name, tuple(rng.choice(ways).split()))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return []

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return TALK_REPLY[" ".join(question.words)]

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Nod:
    """Answered by silence."""

    name: str = "nod"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        return Question(self.name, tuple(rng.choice(sorted(NODS)).split()))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return []

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return ""

    def held(self, question: Question, past: Past) -> str:
        return ""


TALKS: tuple[Skill, ...] = (Talk(), Nod())
