"""Operators of ONNX Runtime (`com.microsoft`), written as those of ONNX itself.

Fused forms fall apart into what they fuse, quantised ones into a quantised and a dequantised form around the operator,
so that widths are those of what is stored. What is not here stays as it is: an opaque layer with its shape.

Source: the documentation of ONNX Runtime, ContribOperators.
"""
