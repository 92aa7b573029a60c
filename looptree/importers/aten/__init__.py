"""PyTorch programs: exported by `torch.export`, turned into the same graph as an ONNX model.

    module -> program -> graph -> (as for ONNX) regions -> layers -> workload

* `capture` is the only module that imports `torch`; it writes an exported program down as plain values, a `Program`.
* `translate`, `translation` and `operators` turn each ATen call into nodes of operators that the importers know.

Importing this package is cheap: `torch` is imported when a module is captured.
"""
