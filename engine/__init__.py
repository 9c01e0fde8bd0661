"""Facts, the rule language, packs, policies and judging: everything between a parser and a report."""
