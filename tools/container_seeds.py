"""Files that hold other files, for `fuzz_formats.py`: archives, arrays, streams with arrays in them, checkpoints."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib

from fixtures import archives, arrays, executables, executorches, hdf5s, joblibs, pickles, skopses, torches
from fixtures.archives import BZIP2, DEFLATE, ENCRYPTED, LINK, LZMA, STORED, UTF8, XZ, Entry, archive

CALL = pickles.reduce_call("acme", "run", "echo")


def array_files() -> list[tuple[str, bytes]]:
    """Array files of each version, of records, objects and texts, and archives of them."""
    record = "[('a', '<f4', (2,)), (('title', 'b'), [('c', '|u1'), ('d', '|O')])]"
    files = [arrays.array(version=(number, 0)) for number in (1, 2, 3)]
    files += [
        arrays.array(CALL, "'|O'"),
        arrays.array(bytes(64), record, "(2, 2)"),
        arrays.array(bytes(24), "'<U2'"),
        arrays.array(executables.elf() + bytes(64), "'|u1'", f"({len(executables.elf()) + 64},)"),
    ]
    members = [Entry(f"{n}.npy", data, DEFLATE if n % 2 else STORED) for n, data in enumerate(files)]
    named = [Entry("arr_0.npy", files[3]), Entry("../b.npy", files[0])]
    return [("npy", data) for data in files] + [("npz", archive(members)), ("npz", archive(named, zip64=True))]


def zip_files() -> list[tuple[str, bytes]]:
    """Archives with every method and record, and some that lie."""
    text = b"some text that is packed, " * 20
    members = [Entry(f"m{method}.txt", text, method) for method in (STORED, DEFLATE, BZIP2, LZMA, XZ)]
    odd = [
        Entry("../a", text, DEFLATE, descriptor=True),
        Entry("l", b"/etc/x", attributes=LINK),
        Entry("e", text, flags=ENCRYPTED),
        Entry("ä/", flags=UTF8),
        Entry("two", text, local={"name": b"other", "size": 3}, after=b"between"),
        Entry("p.pkl", CALL, central={"extra": struct.pack("<HHQQ", 1, 16, len(CALL), len(CALL))}),
        Entry("inner.zip", archives.simple("x.pkl", CALL)),
        Entry("hidden", text, listed=False),
    ]
    whole = [archive(members), archive(odd), archive(members, zip64=True, comment=b"said"), archive(odd, zip64=True)]
    around = [
        archive(odd[:2], before=b"#!/bin/sh\n", after=b"more"),
        archive(members[:1], before=b"x" * 40, adjusted=True, between=b"y" * 9),
        archive(odd[:3], count=9, offset=4),
        archive(members, directory=False),
        archives.simple("a", text) + archives.simple("a", CALL),
    ]
    return [("zip", data) for data in (*whole, *around)]


def skops() -> list[tuple[str, bytes]]:
    """A fitted pipeline with its arrays, and its schema alone."""
    odd = skopses.sequence(
        skopses.partial(skopses.function("acme.run"), skopses.plain(1)),
        skopses.method("a.B", skopses.instance("a.B", x=skopses.array()), "run"),
        skopses.operator("operator.attrgetter", skopses.plain("x")),
    )
    trees = [skopses.tree(), odd]
    return [("skops", skopses.file(root)) for root in trees] + [
        ("skops-schema", skopses.document(root)) for root in trees
    ]


def torch() -> list[tuple[str, bytes]]:
    """Checkpoints of all three layouts, with calls in their pickles and code beside them."""
    small = {"w": (2, 2), "b": (3,)}
    called = archives.state_dict(small, b"cacme\nrun\nX\x01\0\0\0x\x85R0")
    code = b"def forward(self, x):\n  return torch.add(x, CONSTANTS.c0)\n"
    script = [
        Entry("m/data.pkl", archives.state_dict(small)),
        Entry("m/constants.pkl", pickles.harmless()),
        Entry("m/code/__torch__/a.py", code),
        Entry("m/version", b"3\n"),
        Entry("m/data/0", bytes(16)),
    ]
    archived = [archives.checkpoint(shapes=small), archives.checkpoint(called, small), archive(script)]
    older = [torches.legacy(), torches.legacy(torches.tensors(torches.storage("0", 2), CALL[2:-1]))]
    tars = [torches.tar(), torches.tar(extra={"other": CALL})]
    return [
        *(("pytorch-zip", data) for data in archived),
        ("pytorch-shard", archived[0] + archived[1]),
        *(("pytorch-legacy", data) for data in older),
        *(("pytorch-tar", data) for data in tars),
    ]


def joblib() -> list[tuple[str, bytes]]:
    """Streams of numbers, records and objects, the older ones that name files, and packed ones."""
    call = CALL[2:-1]
    floats = joblibs.padded(struct.pack("<3d", 1, 2, 3))
    record = joblibs.structured(a=(joblibs.dtype("f4"), 4), b=(joblibs.objects(), 8))
    plain = pickles.stream(joblibs.wrapper(), floats, call)
    streams = [
        plain,
        pickles.stream(joblibs.wrapper(aligned=None, protocol=2), floats[6:], call, protocol=2),
        pickles.stream(joblibs.wrapper(joblibs.objects()), CALL, call),
        pickles.stream(joblibs.wrapper(record), CALL, joblibs.wrapper(), floats),
        joblibs.named("../m_01.npy"),
        joblibs.named("m.z", "ZNDArrayWrapper", init_args=1, state=2),
    ]
    packed = [gzip.compress(plain, mtime=0), bz2.compress(plain), lzma.compress(plain), zlib.compress(plain)]
    old = joblibs.zfile(plain)
    return [
        *(("pickle", data) for data in streams),
        *(("joblib", data) for data in (*packed, old)),
        ("zfile", old),
    ]


def executorch() -> list[tuple[str, bytes]]:
    """Programs with every instruction, and weights of their own file."""
    e = executorches
    steps = [e.call(), e.call(e.DELEGATE, 0, 0, 1), e.call(e.MOVE, 0, 1), e.call(e.JUMP, 0, 1)]
    segments = bytes(16) + executables.elf() + bytes(16)
    whole = e.program(e.plan(instructions=steps), e.plan(operators=[e.operator(b"acme::run")]), segments=segments)
    return [("executorch", whole), ("executorch", e.program()), ("executorch-data", e.weights(2, 3))]


def hdf5() -> list[tuple[str, bytes]]:
    """Files of both layouts, small ones of one thing each, and one that stands behind other bytes."""
    import h5py

    files = [hdf5s.everything(), hdf5s.everything("latest")]
    for version in ("earliest", "latest"):
        out = io.BytesIO()
        with h5py.File(out, "w", libver=version) as file:
            file.attrs["a"] = ["text", "more"]
            file["g/w"] = [[1.0, 2.0], [3.0, 4.0]]
            file["link"] = h5py.SoftLink("/g/w")
            file["out"] = h5py.ExternalLink("../other.h5", "/x")
            file.create_dataset("packed", data=bytes(64), dtype="V64")
            file.create_dataset("parts", data=range(64), chunks=(8,), compression="gzip", shuffle=True)
        files.append(out.getvalue())
    return [("hdf5", data) for data in (*files, bytes(512) + files[-1])]


CONTAINERS = {
    "executorch": executorch,
    "hdf5": hdf5,
    "joblib": joblib,
    "numpy": array_files,
    "skops": skops,
    "torch": torch,
    "zip": zip_files,
}
