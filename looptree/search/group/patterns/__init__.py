"""The loop orders of a group, and those of nested branches inside it."""
