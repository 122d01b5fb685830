"""Telling officers outside the console: e-mail."""
