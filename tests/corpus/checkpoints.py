"""JAX: checkpoints of Flax and Orbax, and exported programs."""

import pathlib
import tempfile

LIBRARIES = ("jax", "flax", "orbax", "optax", "numpy")


def states():
    """Parameters of small networks, and the state of training one."""
    import flax.linen
    import jax
    import optax

    class Perceptron(flax.linen.Module):
        @flax.linen.compact
        def __call__(self, x):
            return flax.linen.Dense(2)(flax.linen.relu(flax.linen.Dense(8)(x)))

    class Attention(flax.linen.Module):
        @flax.linen.compact
        def __call__(self, x):
            return flax.linen.LayerNorm()(flax.linen.SelfAttention(2)(flax.linen.Embed(50, 16)(x)))

    key = jax.random.key(0)
    dense = Perceptron().init(key, jax.numpy.ones((1, 4)))
    yield "dense", dense
    yield "attention", Attention().init(key, jax.numpy.ones((1, 5), int))
    yield "half", jax.tree.map(lambda array: array.astype(jax.numpy.bfloat16), dense)
    yield "training", {"params": dense, "optimiser": optax.adam(1e-3).init(dense), "step": 3}


def orbax_forms():
    """The handlers with which Orbax writes a tree, by name."""
    from orbax import checkpoint

    handler = checkpoint.PyTreeCheckpointHandler
    yield "standard", checkpoint.StandardCheckpointer()
    for name, options in (
        ("zarr", {"use_ocdbt": False}),
        ("zarr3", {"use_ocdbt": False, "use_zarr3": True}),
        ("ocdbt3", {"use_ocdbt": True, "use_zarr3": True}),
    ):
        yield name, checkpoint.Checkpointer(handler(**options))


def programs():
    """Functions that JAX exports, with the libraries that they call."""
    from jax import lax, numpy

    yield "plain", lambda x: x * 2 + 1
    yield "sorted", lambda x: numpy.sort(x, axis=0)
    yield "values", lambda x: numpy.linalg.svd(x)[1]
    yield "eigen", lambda x: numpy.linalg.eigh(x)[0]
    yield "factor", lambda x: numpy.linalg.cholesky(x @ x.T)
    yield "spectrum", lambda x: numpy.fft.fft(x).real
    yield "loop", lambda x: lax.scan(lambda carry, row: (carry + row, carry), x[0], x)[1]


def exported():
    """Each program as JAX serialises it, as bytecode, and as text."""
    import jax
    from jax import export

    wanted = jax.ShapeDtypeStruct((3, 3), jax.numpy.float32)
    for name, function in programs():
        one = export.export(jax.jit(function))(wanted)
        yield f"exported/{name}.jaxexport", bytes(one.serialize())
        yield f"exported/{name}.mlirbc", one.mlir_module_serialized
        yield f"exported/{name}.mlir", one.mlir_module().encode()


def files():
    """Every state in MessagePack and in each form of Orbax, and every program."""
    import jax
    from flax import serialization

    yield from exported()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, state in states():
            yield f"flax/{title}.msgpack", serialization.to_bytes(state)
            for form, writer in orbax_forms():
                writer.save(folder / "orbax" / form / title, jax.tree.map(jax.numpy.asarray, state))
                getattr(writer, "wait_until_finished", lambda: None)()
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield str(path.relative_to(folder)), path.read_bytes()
