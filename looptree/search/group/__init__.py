"""The best design of one fusion group, by branch and bound over loop orders, tile shapes and places of tensors."""
