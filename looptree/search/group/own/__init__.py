"""Loops that a layer of a group has of its own, inside the branch, and what is stored below them."""
