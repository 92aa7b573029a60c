"""What a search of a group makes small, and what it has to fit into."""
