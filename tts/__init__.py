"""Speaking: the stage, which words were heard, the gate at the sink, and one file per voice."""
