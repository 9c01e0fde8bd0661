"""Whether the storages of a PyTorch archive are as large as its tensors say (`torch/serialization.py`, `_load`)."""

from __future__ import annotations

from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.zip.tensors import TensorMachine

READ_MAX = 1024 * 1024 * 1024  # bytes of a pickle that is read for this
REPORTS = 100

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.torch.storages import Storage


def mistakes(folder: str, storages: dict[str, Storage], sizes: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Codes and details of what is wrong."""
    for told, (key, storage) in enumerate(storages.items()):
        if told >= REPORTS:
            return
        size = sizes.get(folder + key)
        if size is None:
            yield "storage-missing", f"{key[:100]}: no member {folder}{key[:100]}"
        elif storage.nbytes is not None and storage.nbytes != size:
            yield "storage-size", f"{key[:100]}: {size} bytes are stored, a tensor asks for {storage.nbytes}"


def asked(reader: Reader, check: Callable[[], None]) -> TensorMachine | None:
    """The machine after the pickle, with the storages and tensors that it asks for; None for one that is too large."""
    if reader.size > READ_MAX:
        return None
    machine = TensorMachine("", Tape(reader), Context(wants=lambda _: False, check=check), 0)
    while machine.run():
        machine.drained()
        check()
    return machine
