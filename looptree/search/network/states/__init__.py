"""The states that a plan goes through: layers that are done and tensors on chip; and shortest paths through them."""
