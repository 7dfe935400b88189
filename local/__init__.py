"""The stack on a laptop: the embedded engine, and this product's command line on top of it."""
