"""A student of four layers finds its teacher of three."""
