"""The steps of judging: rules over facts, matches into findings, one finding standing for others."""
