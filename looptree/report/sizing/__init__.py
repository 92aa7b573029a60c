"""A buffer sizing as tables and sentences, and as exact plain data."""
