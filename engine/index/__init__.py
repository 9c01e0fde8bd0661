"""Which rules can be about a fact at all, found by look-ups whose cost does not grow with the rules."""
