"""Operators of ONNX, each expanded to Einsums. What they mean: https://onnx.ai/onnx/operators."""
