"""Where people talk: channels, the dialogue, and delivery of notices to citizens."""
