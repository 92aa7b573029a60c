"""What is known of the groups of a network, and the processes that search them."""
