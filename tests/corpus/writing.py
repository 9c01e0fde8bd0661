"""How values become files: every protocol, every codec of joblib."""

import io
import pickle

PROTOCOLS = (2, 3, 4, 5)
CODECS = ("none", "zlib", "gzip", "bz2", "xz", "lzma", "lz4")


def pickles(value):
    """Name and bytes for each protocol."""
    for protocol in PROTOCOLS:
        yield f"p{protocol}.pkl", pickle.dumps(value, protocol)


def joblibs(value, protocols=PROTOCOLS, codecs=CODECS):
    """Name and bytes for each codec and protocol."""
    import joblib

    for codec in codecs:
        for protocol in protocols:
            target = io.BytesIO()
            joblib.dump(value, target, compress=0 if codec == "none" else (codec, 3), protocol=protocol)
            yield f"{codec}-p{protocol}.joblib", target.getvalue()


def every(name, value, *, codecs=CODECS):
    """Name and bytes of a value in every form."""
    for suffix, data in pickles(value):
        yield f"{name}-{suffix}", data
    for suffix, data in joblibs(value, codecs=codecs):
        yield f"{name}-{suffix}", data
