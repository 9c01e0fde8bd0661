"""The scan: source, parse, judge, decide."""
