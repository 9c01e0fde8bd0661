"""An account of what loading a file would do, step by step: what it imports, calls and sets, with offsets.

It is made of facts in the order in which they came, not folded; nothing is judged here.
"""
