"""Facts that come of other facts: what the patterns of the packs find in texts."""
