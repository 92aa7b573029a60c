"""The best plan of a whole network for one sum of metrics: what is fused, and what stays on chip in between."""
