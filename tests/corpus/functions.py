"""dill and cloudpickle of ordinary functions and classes: code objects, which are always worth a warning."""

LIBRARIES = ("dill", "cloudpickle")
PROTOCOLS = (2, 3, 4, 5)
SOURCE = '''
import math

SCALE = 2.0

def square(x):
    return x * x

def closure(k):
    def inner(x):
        return x * k + SCALE
    return inner

def default(x, *, power=2):
    """Raise to a power."""
    return math.pow(x, power)

class Model:
    """A class of one's own."""

    weights = [1.0, 2.0]

    def __init__(self, bias=0.0):
        self.bias = bias

    def predict(self, x):
        return sum(w * x for w in self.weights) + self.bias

def generator(n):
    for i in range(n):
        yield i
'''


def values():
    """Functions and classes as a notebook defines them."""
    import __main__

    exec(SOURCE, __main__.__dict__)
    main = __main__
    yield "function", main.square
    yield "lambda", eval("lambda x: x + 1", main.__dict__)
    yield "closure", main.closure(3)
    yield "default", main.default
    yield "class", main.Model
    yield "instance", main.Model(1.0)
    yield "method", main.Model(1.0).predict
    yield "generator", main.generator


def files():
    """Each value by both libraries, and data without any code."""
    import cloudpickle
    import dill

    for library in (dill, cloudpickle):
        for name, value in values():
            for protocol in PROTOCOLS:
                yield f"{library.__name__}-{name}-p{protocol}.pkl", library.dumps(value, protocol=protocol)
        for protocol in PROTOCOLS:
            data = {"lr": 0.1, "layers": [1, 2], "name": "m"}
            yield f"{library.__name__}-data-p{protocol}-plain.pkl", library.dumps(data, protocol=protocol)
