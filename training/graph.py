"""A small builder of ONNX graphs whose weights stay outside, under their names, to be lent at load."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
Shape = Sequence[int | str]


class Graph:
    """Every method adds nodes and returns the name of their output; constants are kept in the graph."""

    def __init__(self, name: str, shapes: dict[str, Sequence[int]]) -> None:
        """`shapes`: of all weights that may be asked for."""
        self._name, self._shapes = name, shapes
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def input(self, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: Shape) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def has(self, name: str) -> bool:
        """Whether the model has such a weight."""
        return name in self._shapes

    def weight(self, name: str) -> str:
        """A weight that the loader supplies as float32."""
        if name not in self._initializers:
            tensor = TensorProto(
                name=name,
                data_type=TensorProto.FLOAT,
                dims=list(self._shapes[name]),
                data_location=TensorProto.EXTERNAL,
            )
            tensor.external_data.add(key="location", value="model.safetensors")
            self._initializers[name] = tensor
        return name

    def constant(self, value: float | Sequence[int] | NDArray[np.generic]) -> str:
        """Floats become float32 scalars, integer lists int64 vectors."""
        array = (
            np.asarray(value, np.float32 if isinstance(value, float) else np.int64)
            if not isinstance(value, np.ndarray)
            else value
        )
        digest = hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()
        name = f"constant_{array.dtype}_{array.shape}_{digest}".replace(" ", "")
        self._initializers.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def many(self, kind: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        self._count += 1
        names = [f"{kind}_{self._count}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.many(kind, inputs, 1, **attributes)[0]

    def linear(self, x: str, name: str) -> str:
        """x @ weight.T (+ bias if the model has one)."""
        y = self.op("MatMul", x, self.op("Transpose", self.weight(f"{name}.weight"), perm=[1, 0]))
        return self.op("Add", y, self.weight(f"{name}.bias")) if f"{name}.bias" in self._shapes else y

    def layer_norm(self, x: str, name: str) -> str:
        return self.op(
            "LayerNormalization",
            x,
            self.weight(f"{name}.weight"),
            self.weight(f"{name}.bias"),
            axis=-1,
            epsilon=1e-5,
        )

    def rms_norm(self, x: str, scale: str, eps: float) -> str:
        square = self.op("ReduceMean", self.op("Mul", x, x), self.constant([-1]), keepdims=1)
        root = self.op("Sqrt", self.op("Add", square, self.constant(eps)))
        return self.op("Mul", self.op("Div", x, root), scale)

    def slice(self, x: str, first: int, last: int, axis: int) -> str:
        return self.op("Slice", x, self.constant([first]), self.constant([last]), self.constant([axis]))

    def length(self, x: str, axis: int) -> str:
        """int64[1]."""
        return self.op("Shape", x, start=axis, end=axis + 1)

    def span(self, first: str, count: str) -> str:
        """int64 [count]: first, first + 1, …; both int64[1]."""
        axes = self.constant([0])
        begin, end = self.op("Squeeze", first, axes), self.op("Squeeze", self.op("Add", first, count), axes)
        return self.op("Range", begin, end, self.constant(np.array(1, np.int64)))

    def rotary(self, start: str, count: str, size: int, theta: float) -> tuple[str, str]:
        """Cosines and sines [count, size / 2]."""
        frequency = (theta ** (-np.arange(0, size, 2) / size)).astype(np.float32)
        places = self.op(
            "Unsqueeze", self.op("Cast", self.span(start, count), to=TensorProto.FLOAT), self.constant([1])
        )
        angle = self.op("Mul", places, self.constant(frequency))
        return self.op("Cos", angle), self.op("Sin", angle)

    def rotate(self, x: str, turn: tuple[str, str]) -> str:
        a, b = self.many("Split", [x], 2, axis=-1, num_outputs=2)
        cos, sin = turn
        first = self.op("Sub", self.op("Mul", a, cos), self.op("Mul", b, sin))
        second = self.op("Add", self.op("Mul", b, cos), self.op("Mul", a, sin))
        return self.op("Concat", first, second, axis=-1)

    def attend(self, q: str, k: str, v: str, mask: str, size: int) -> str:
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = self.op("Add", self.op("Mul", scores, self.constant(size**-0.5)), mask)
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), v)

    def unstack(self, x: str, outputs: int) -> list[str]:
        """The parts along the first axis, without it."""
        return [
            self.op("Squeeze", part, self.constant([0]))
            for part in self.many("Split", [x], outputs, axis=0, num_outputs=outputs)
        ]

    def stack(self, parts: Sequence[str]) -> str:
        return self.op("Concat", *[self.op("Unsqueeze", part, self.constant([0])) for part in parts], axis=0)

    def model(self) -> onnx.ModelProto:
        """The checked model, without weight data."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._initializers.values())
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="hocket"
        )
