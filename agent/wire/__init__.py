"""The Realtime vocabulary: what a client says and is told, whatever carries it. No sockets here."""
