"""The harness: spoken stimuli, runs against a session, scores of recordings, reports."""
