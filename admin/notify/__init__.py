"""Telling officers outside the console: digests by e-mail."""
