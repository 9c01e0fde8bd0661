"""What a pickle expands is worked out also when it was packed with the largest windows of ordinary tools."""

import lzma

import pytest

from modelaudit.parsers.pickle.pure import _lzma


@pytest.mark.parametrize("preset", [1, 6, 9, 9 | lzma.PRESET_EXTREME])
@pytest.mark.parametrize("form", [lzma.FORMAT_XZ, lzma.FORMAT_ALONE])
def test_every_preset_of_lzma_is_expanded(preset, form):
    assert _lzma(lzma.compress(b"import os", form, preset=preset)) == b"import os"
