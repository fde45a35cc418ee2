"""Who speaks when, what was said, and the surfaces a person meets: session, configuration, terminal."""
