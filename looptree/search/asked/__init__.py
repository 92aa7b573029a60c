"""What is asked of a search: its space, narrowed by restrictions, its objective and limits."""
