"""FlatBuffers, read at any place of a file through small windows, with every offset checked.

The layout is that of https://flatbuffers.dev/internals/. The library for Python wants the whole file in memory and
checks nothing, which is why the walk is our own; it is tested against files that the library wrote.
"""
