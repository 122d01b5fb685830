"""Drivers that break things on purpose; each is a command, with a short form in the test suite."""
