"""PyTorch: state dicts, whole modules, optimisers, TorchScript, packages, checkpoints of several parts."""

import io
import pathlib
import pickle
import tempfile
import warnings

from tests.corpus.writing import every

LIBRARIES = ("torch", "joblib")


def modules():
    """Modules of many kinds."""
    from torch import nn

    yield "mlp", nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))
    yield "cnn", nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten())
    yield "lstm", nn.LSTM(4, 8, 2, batch_first=True)
    yield "gru", nn.GRU(4, 8)
    yield (
        "transformer",
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1, enable_nested_tensor=False),
    )
    yield "attention", nn.MultiheadAttention(8, 2)
    yield "embedding", nn.ModuleDict({"words": nn.Embedding(10, 4), "norm": nn.LayerNorm(4)})
    yield "lists", nn.ModuleList([nn.Linear(2, 2), nn.Identity()])
    yield "parameters", nn.ParameterDict({"a": nn.Parameter(__import__("torch").ones(2))})
    yield "losses", nn.ModuleList([nn.CrossEntropyLoss(), nn.MSELoss(), nn.BCEWithLogitsLoss()])
    yield "normalised", nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    activations = [
        nn.ReLU(),
        nn.GELU(),
        nn.SiLU(),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.LeakyReLU(),
        nn.ELU(),
        nn.Softmax(-1),
        nn.PReLU(),
    ]
    yield "activations", nn.Sequential(*activations)


def whole():
    """Modules that can be saved as a whole; parametrised ones cannot."""
    return ((name, module) for name, module in modules() if name != "normalised")


def values():
    """Tensors of every type and what training saves beside weights."""
    import torch
    from torch import nn, optim

    kinds = [
        "float16",
        "bfloat16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "bool",
        "complex64",
        "float8_e4m3fn",
        "uint16",
    ]
    for kind in kinds:
        yield f"tensor-{kind}", torch.zeros(2, 3, dtype=getattr(torch, kind))
    yield "views", [(base := torch.arange(12.0)), base[2:5], base.view(3, 4).t()]
    yield "parameter", nn.Parameter(torch.ones(3))
    yield "sparse", torch.eye(3).to_sparse()
    yield "sparse-csr", torch.eye(3).to_sparse_csr()
    yield "quantised", torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    yield "size", torch.Size([1, 2])
    yield "device", torch.device("cpu")
    yield "dtypes", [torch.float32, torch.int64, torch.bfloat16]
    yield "random-state", torch.get_rng_state()
    yield "generator-state", torch.Generator().get_state()
    model = nn.Linear(3, 2)
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad):
        optimiser = kind(model.parameters(), lr=0.1)
        model(torch.ones(1, 3)).sum().backward()
        optimiser.step()
        yield f"optimiser-{kind.__name__}", optimiser.state_dict()
        yield f"whole-optimiser-{kind.__name__}", optimiser
    schedule = optim.lr_scheduler.StepLR(optim.SGD(model.parameters(), lr=0.1), 3)
    yield "schedule", schedule.state_dict()
    checkpoint = {
        "epoch": 3,
        "model": model.state_dict(),
        "optimizer": optimiser.state_dict(),
        "loss": 0.5,
        "args": {"lr": 0.1},
    }
    yield "checkpoint", checkpoint
    yield "dataset", torch.utils.data.TensorDataset(torch.ones(3, 2))


def saved(value, **options):
    """The bytes that `torch.save` writes."""
    import torch

    target = io.BytesIO()
    torch.save(value, target, **options)
    return target.getvalue()


def plain(name, value):
    """What people write who take plain pickle or joblib; some kinds of tensors are for `torch.save` only."""
    try:
        yield from every(name, value, codecs=("none", "zlib"))
    except (TypeError, NotImplementedError, pickle.PicklingError, AttributeError):
        return


def scripts():
    """TorchScript, traced and scripted."""
    import torch

    class Gate(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 4)
            self.names = ["a", "b"]
            self.table = {"x": 1}

        def forward(self, x: torch.Tensor, flag: bool = True) -> torch.Tensor:
            total = torch.zeros(1)
            for i in range(3):
                if flag:
                    total = total + self.linear(x).sum() * float(i)
            return torch.sigmoid(total)

    yield "scripted-gate", torch.jit.script(Gate())
    for name, module in modules():
        if name in ("mlp", "cnn", "lstm", "transformer", "activations"):
            shape = {"cnn": (1, 3, 8, 8), "lstm": (1, 2, 4), "transformer": (1, 3, 8)}.get(name, (1, 4))
            yield f"scripted-{name}", torch.jit.script(module)
            yield f"traced-{name}", torch.jit.trace(module.eval(), torch.ones(shape), check_trace=False)


def packaged(folder):
    """A package as torch.package writes it."""
    import torch
    from torch import package

    path = folder / "package.pt"
    with package.PackageExporter(str(path)) as exporter:
        exporter.extern("**", exclude=["acme_net"])
        exporter.save_pickle("model", "model.pkl", torch.nn.Linear(2, 2))
        exporter.save_text("notes", "readme.txt", "ordinary text")
        exporter.save_source_string("acme_net", "import torch\n\ndef scale(x):\n    return x * 2\n")
    yield "package-source.pt", path.read_bytes()


def parts(folder):
    """A distributed checkpoint of one process."""
    import torch
    import torch.distributed.checkpoint as dcp

    target = folder / "dcp"
    dcp.save({"model": torch.nn.Linear(3, 2).state_dict(), "step": 3}, checkpoint_id=str(target), no_dist=True)
    for path in sorted(target.iterdir()):
        yield f"dcp/{path.name}", path.read_bytes()


def files():
    """Everything, in the three forms of `torch.save` where they exist."""
    import torch

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as name:
        warnings.simplefilter("ignore")
        folder = pathlib.Path(name)
        for kind, source in (
            ("value", values()),
            ("state", ((n, m.state_dict()) for n, m in modules())),
            ("module", whole()),
        ):
            for label, value in source:
                yield f"{kind}-{label}.pt", saved(value)
                yield f"{kind}-{label}-p4.pth", saved(value, pickle_protocol=4)
                yield f"{kind}-{label}-legacy.bin", saved(value, _use_new_zipfile_serialization=False)
                yield from plain(f"{kind}-{label}", value)
        for label, script in scripts():
            target = io.BytesIO()
            torch.jit.save(script, target)
            yield f"{label}.pt", target.getvalue()
            yield f"{label}-mobile.ptl", script._save_to_buffer_for_lite_interpreter()
        yield from packaged(folder)
        yield from parts(folder)
        program = torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),))
        target = io.BytesIO()
        torch.export.save(program, target)
        yield "exported.pt2", target.getvalue()
