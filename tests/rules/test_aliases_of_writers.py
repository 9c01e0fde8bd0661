"""Methods and helpers under the other names that pickles can reach them by."""

import pytest


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pathlib", "PosixPath.write_text"),
        ("pathlib._local", "PosixPath.rename"),
        ("shutil", "_unpack_zipfile"),
        ("multiprocessing.reduction", "ForkingPickler.loads"),
        ("os", "_spawnvef"),
        ("distutils.cmd", "Command.spawn"),
        ("zipimport", "_compile_source"),
    ],
)
def test_other_names_are_critical(found, module, name):
    findings, code = found(b"\x80\x04c%s\n%s\n(X\x01\x00\x00\x00xtR." % (module.encode(), name.encode()), "model.pkl")
    assert code == 1
    assert "critical" in {severity for _, severity in findings}
