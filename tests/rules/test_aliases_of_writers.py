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
        ("pathlib", "WindowsPath.unlink"),
        ("logging.config", "_resolve"),
        ("importlib._bootstrap", "_find_and_load"),
        ("tempfile", "_mkstemp_inner"),
        ("ensurepip._uninstall", "_main"),
        ("compression.zstd", "open"),
        ("winreg", "SetValueEx"),
        ("pygments.lexers", "load_lexer_from_file"),
        ("sys", "remote_exec"),
    ],
)
def test_other_names_are_critical(found, module, name):
    findings, code = found(b"\x80\x04c%s\n%s\n(X\x01\x00\x00\x00xtR." % (module.encode(), name.encode()), "model.pkl")
    assert code == 1
    assert "critical" in {severity for _, severity in findings}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pathlib", "WindowsPath"),
        ("asyncio.exceptions", "CancelledError"),
        ("pygments.lexers.python", "PythonLexer"),
        ("logging.config", "ConvertingDict"),
    ],
)
def test_classes_beside_them_are_not_critical(found, module, name):
    findings, _ = found(b"\x80\x04c%s\n%s\n(X\x01\x00\x00\x00xtR." % (module.encode(), name.encode()), "model.pkl")
    assert "critical" not in {severity for _, severity in findings}
