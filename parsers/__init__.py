"""Parsers: bytes to facts, one module or folder for each format."""
