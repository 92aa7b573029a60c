"""The command line: one file per command; it reads arguments, calls the library and prints."""
