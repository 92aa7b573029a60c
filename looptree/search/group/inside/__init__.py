"""Nests inside the tiles of a group's layers, at the memory levels below the buffer."""
