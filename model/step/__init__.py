"""Step-Audio's released weights in torch: front end, encoder, adaptor, decoder, and the engine over them."""
