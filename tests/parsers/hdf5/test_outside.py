"""Bytes before the superblock of an HDF5 file, and behind its end, that are files in themselves."""

import pytest

from fixtures import hdf5s
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

SCRIPT = b"#!/bin/sh\nexit 0\n"


def found(tmp_path, data):
    (tmp_path / "m.h5").write_bytes(data)
    document = scan([str(tmp_path / "m.h5")], builtin())
    return {finding.rule for finding in document.findings if finding.active}


@pytest.mark.parametrize("behind", [False, True])
def test_a_script_beside_the_file_is_a_finding(tmp_path, behind):
    file = hdf5s.weights()
    assert "MA4057" in found(tmp_path, file + SCRIPT if behind else SCRIPT.ljust(512, b"\0") + file)


def test_a_user_block_of_words_is_none(tmp_path):
    words = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" ")
    assert not found(tmp_path, words + hdf5s.weights())
