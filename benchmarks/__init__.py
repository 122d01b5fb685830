"""Speed as ratios of one run on the same data: every figure is a command anyone can repeat."""
