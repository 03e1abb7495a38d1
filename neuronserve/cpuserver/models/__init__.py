"""Which models and versions there are, which should be, and bringing the two together."""
