"""The server: who may call, how many, over which carrier. No vocabulary and no policy here."""
