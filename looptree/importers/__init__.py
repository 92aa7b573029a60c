"""Networks from elsewhere, turned into workloads of Einsums. The only room that knows the `onnx` package.

    file -> graph -> regions -> layers -> workload

* `file` reads a model without its weights, `inference` gives every value a shape and computes constants: from here on
  there is a `Graph` and no protobuf.
* `patterns` and `regions` say which nodes are one operation, or are folded into the layer in front of them.
* `operators` expands each node into Einsums; `view` says how a value lies in a stored tensor, so that reshapes,
  transpositions and slices cost nothing; `nest` puts views and loops together.
* `splitting` stores tensors the way that all their readers want.

Importing this package is cheap: `onnx` is imported when a model is read.
"""
