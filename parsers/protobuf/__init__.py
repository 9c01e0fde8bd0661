"""Protocol buffers: a walk over messages that goes past large fields without reading them.

The wire format is https://protobuf.dev/programming-guides/encoding/. It has no magic number and no end mark: a format
that is written in it is recognised by its structure. `plausible` of `parsers/magic.py` tells what cannot be a message
apart at the price of a few bytes, so that recognisers are asked only about what may be one.
"""
