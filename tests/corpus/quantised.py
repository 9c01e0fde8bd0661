"""GGUF of several architectures, types and byte orders, and safetensors, by the libraries that define them."""

import pathlib
import tempfile

LIBRARIES = ("gguf", "safetensors", "numpy")
TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
WORDS = 5000


def written(path, architecture, order):
    """One model with a vocabulary, a template, and a tensor of each type that can be made here."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(str(path), architecture, endianess=order)
    writer.add_block_count(2)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_license("apache-2.0")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"word{n}" for n in range(WORDS - 2)] + ["<|im_start|>", "eval("])
    writer.add_token_types([1] * WORDS)
    writer.add_chat_template(TEMPLATE)
    numbers = np.random.default_rng(1).random((4, 256)).astype("float32")
    writer.add_tensor("plain", numbers)
    for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16", "TQ1_0", "TQ2_0"):
        type = gguf.GGMLQuantizationType[name]
        writer.add_tensor(f"as.{name}", gguf.quantize(numbers, type), raw_dtype=type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors():
    """Files of safetensors: element types, metadata, empty and scalar tensors."""
    import numpy as np
    from safetensors.numpy import save

    told = ({"format": "np"}, {"format": "pt", "title": "small"}, None)
    for type in ("float64", "float32", "float16", "int64", "int32", "int8", "uint8", "bool"):
        arrays = {"w": np.ones((8, 8), type), "none": np.zeros((0, 4), type), "one": np.array(1, type)}
        for n, metadata in enumerate(told):
            yield f"safetensors/{type}-{n}.safetensors", save(arrays, metadata)


def files():
    """Every architecture in both byte orders, and every file of tensors."""
    import gguf

    yield from tensors()
    with tempfile.TemporaryDirectory() as name:
        for architecture in ("llama", "qwen2", "gemma2", "phi3", "bert", "falcon", "mamba", "t5"):
            for order in gguf.GGUFEndian:
                path = pathlib.Path(name) / "model.gguf"
                written(path, architecture, order)
                yield f"gguf/{architecture}-{order.name.lower()}.gguf", path.read_bytes()
