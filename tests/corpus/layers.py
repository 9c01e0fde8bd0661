"""Models of Keras 3 and TensorFlow in every form: archives, HDF5, JSON, SavedModels, checkpoints, frozen graphs, Lite."""

import os
import pathlib
import tempfile

LIBRARIES = ("tensorflow", "keras", "numpy")


def models():
    """Small models over the common layers."""
    import keras
    import numpy as np

    from_layers, layers, shape = keras.Sequential, keras.layers, keras.Input
    yield "dense", from_layers([shape((4,)), layers.Dense(8, activation="relu"), layers.Dropout(0.1), layers.Dense(2)])
    parts = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3)]
    yield "convolution", from_layers([shape((16, 16, 3)), *parts])
    yield "recurrent", from_layers([shape((8,)), layers.Embedding(30, 4), layers.Bidirectional(layers.LSTM(4))])
    yield (
        "gated",
        from_layers([shape((5, 3)), layers.GRU(4, return_sequences=True), layers.TimeDistributed(layers.Dense(2))]),
    )
    begin = shape((6, 8))
    attended = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(begin, begin) + begin)
    yield "attention", keras.Model(begin, layers.GlobalAveragePooling1D()(attended))
    one, two = shape((3,), name="one"), shape((3,), name="two")
    yield "functional", keras.Model([one, two], layers.Dense(1)(layers.Concatenate()([one, two])))
    pictures = [layers.Rescaling(1 / 255), layers.RandomFlip(), layers.RandomRotation(0.1), layers.Conv2D(2, 3)]
    yield "pictures", from_layers([shape((16, 16, 3)), *pictures])
    words = layers.TextVectorization(max_tokens=20, output_sequence_length=4)
    words.adapt(["hello world", "a model of words"])
    yield "words", from_layers([shape((1,), dtype="string"), words, layers.Embedding(20, 3)])
    lookup = layers.StringLookup(vocabulary=["red", "green", "blue"])
    yield "lookup", from_layers([shape((1,), dtype="string"), lookup, layers.Embedding(5, 2)])
    scaled = layers.Normalization()
    scaled.adapt(np.random.default_rng(1).random((10, 4)))
    yield "scaled", from_layers([shape((4,)), scaled, layers.Dense(1)])


def stored(name, model, folder):
    """Write one model in every form."""
    import keras
    import tensorflow as tf

    model.compile(optimizer="adam", loss="mse")
    for suffix in ("keras", "h5"):
        model.save(folder / f"{name}.{suffix}")
    model.save_weights(folder / f"{name}.weights.h5")
    (folder / f"{name}.json").write_text(model.to_json())
    model.export(str(folder / "exported" / name), verbose=False)
    tf.train.Checkpoint(model=model).save(str(folder / "checkpoint" / name / "state"))
    if name in ("dense", "convolution", "attention", "functional"):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        (folder / f"{name}.tflite").write_bytes(converter.convert())
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        (folder / f"{name}-small.tflite").write_bytes(converter.convert())
    keras.utils.clear_session()


def first(folder):
    """A graph of TensorFlow 1: frozen, as text, as a meta graph, with its checkpoint."""
    import tensorflow as tf

    old = tf.compat.v1
    graph = old.Graph()
    folder.mkdir()
    with graph.as_default(), old.Session(graph=graph) as session:
        begin = old.placeholder(tf.float32, [None, 4], name="x")
        tf.nn.softmax(begin @ old.get_variable("w", [4, 2]) + old.get_variable("b", [2]), name="y")
        session.run(old.global_variables_initializer())
        old.train.Saver(save_relative_paths=True).save(session, str(folder / "model.ckpt"))
        frozen = old.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    for text in (False, True):
        tf.io.write_graph(frozen, str(folder), "frozen.pbtxt" if text else "frozen.pb", as_text=text)


def files():
    """Every file of every form."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, model in models():
            stored(title, model, folder)
        first(folder / "first")
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield str(path.relative_to(folder)), path.read_bytes()
