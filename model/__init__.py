"""Networks and engines: front end, encoder, adaptor, language model, caches and checkpoints."""
