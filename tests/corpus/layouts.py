"""Layouts by hand: what training frameworks leave in a folder, without the frameworks."""

import io
import json
import pickle
import sys
import types

LIBRARIES = ("torch", "numpy")


def stand_in(path, *bases):
    """A class with the module and name of a framework's, so that it pickles as one."""
    module, _, name = path.rpartition(".")
    made = sys.modules.get(module) or types.ModuleType(module)
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    made = sys.modules[module]
    kind = type(name, bases or (object,), {"__module__": module})
    setattr(made, name, kind)
    return kind


def saved(value):
    """What `torch.save` writes."""
    import torch

    target = io.BytesIO()
    torch.save(value, target)
    return target.getvalue()


def sentences():
    """A folder of sentence-transformers with weights in PyTorch form."""
    import torch

    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    weights = {f"encoder.layer.{i}.attention.self.query.weight": torch.zeros(4, 4) for i in range(3)}
    yield "sentence/pytorch_model.bin", saved(weights)
    yield "sentence/2_Dense/pytorch_model.bin", saved({"linear.weight": torch.zeros(2, 4)})
    yield "sentence/modules.json", json.dumps(modules).encode()
    yield (
        "sentence/config.json",
        json.dumps({"model_type": "bert", "hidden_size": 4, "architectures": ["BertModel"]}).encode(),
    )
    yield "sentence/1_Pooling/config.json", json.dumps({"word_embedding_dimension": 4}).encode()
    yield "sentence/vocab.txt", b"[PAD]\n[UNK]\neval\nimport\nos\n"
    yield "sentence/README.md", b"# Model\n\nUse `pip install sentence-transformers`.\n"


def detector():
    """A checkpoint in the form of Ultralytics: the whole model with layers of its own."""
    import torch
    from torch import nn

    head = stand_in("ultralytics.nn.modules.head.Detect", nn.Module)
    head.forward = lambda self, x: x
    conv = stand_in("ultralytics.nn.modules.conv.Conv", nn.Module)
    block = stand_in("ultralytics.nn.modules.block.C2f", nn.Module)
    bottleneck = stand_in("ultralytics.nn.modules.block.Bottleneck", nn.Module)
    whole = stand_in("ultralytics.nn.tasks.DetectionModel", nn.Module)
    model = whole()
    inner = conv()
    inner.conv, inner.bn, inner.act = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU()
    stack = block()
    stack.m = nn.ModuleList([bottleneck()])
    model.model = nn.Sequential(inner, stack, head())
    model.yaml, model.names, model.stride = {"nc": 2}, {0: "a", 1: "b"}, torch.tensor([8.0])
    checkpoint = {
        "epoch": -1,
        "best_fitness": None,
        "model": model.half(),
        "ema": None,
        "optimizer": None,
        "date": "2026-01-01",
    }
    yield (
        "ultralytics/yolo.pt",
        saved({**checkpoint, "train_args": {"lr0": 0.01, "data": "coco.yaml"}, "version": "8.3.0"}),
    )


def trainer():
    """What the Trainer of Transformers leaves beside the weights."""
    import enum

    import numpy as np
    import torch

    interval = stand_in("transformers.trainer_utils.IntervalStrategy")
    del interval
    kind = enum.Enum("IntervalStrategy", {"NO": "no", "STEPS": "steps"}, module="transformers.trainer_utils")
    sys.modules["transformers.trainer_utils"].IntervalStrategy = kind
    arguments = stand_in("transformers.training_args.TrainingArguments")()
    arguments.learning_rate, arguments.eval_strategy, arguments.output_dir = 5e-5, kind.STEPS, "out"
    yield "trainer/training_args.bin", saved(arguments)
    yield "trainer/optimizer.pt", saved({"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]})
    yield "trainer/scheduler.pt", saved({"base_lrs": [0.1], "last_epoch": 3})
    state = {
        "python": (3, (1, 2, 3), None),
        "numpy": np.random.RandomState(0).get_state(),
        "cpu": torch.get_rng_state(),
    }
    yield "trainer/rng_state.pth", saved(state)


def lightning():
    """A checkpoint of PyTorch Lightning."""
    import torch

    checkpoint = {
        "epoch": 1,
        "global_step": 10,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {"model.weight": torch.zeros(2, 2)},
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": "a.ckpt"}},
        "optimizer_states": [],
        "lr_schedulers": [],
        "hyper_parameters": {"lr": 0.1},
    }
    yield "lightning/last.ckpt", saved(checkpoint)


def diffusion():
    """A checkpoint in the form of Stable Diffusion."""
    import torch

    weights = {f"model.diffusion_model.input_blocks.{i}.0.weight": torch.zeros(4, 4).half() for i in range(20)}
    yield "diffusion/model.ckpt", saved({"state_dict": weights, "global_step": 1})
    embedding = {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.zeros(1, 4)}, "name": "style", "step": 1}
    yield "diffusion/embedding.pt", saved(embedding)


def tables():
    """Pickles of tools that keep plain tables."""
    yield "tables/vocabulary.pkl", pickle.dumps({f"word{i}": i for i in range(5000)})
    yield "tables/labels.pkl", pickle.dumps([f"label {i}" for i in range(1000)])
    yield "tables/pairs.pkl", pickle.dumps({(i, i + 1): float(i) for i in range(2000)})


def files():
    """All layouts."""
    for source in (sentences, detector, trainer, lightning, diffusion, tables):
        yield from source()
