"""Answers that take many searches: products of metrics, limits, fronts, the smallest buffer, several capacities."""
