"""Branch and bound: which designs of a group are looked at, and what bounds all others."""
