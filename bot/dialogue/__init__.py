"""The dialogue: pure functions from a state and a message to a state, replies and effects."""
