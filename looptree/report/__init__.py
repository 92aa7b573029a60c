"""Results as people read them: tables, sentences and rows of numbers. Pure functions; nothing is printed here."""
