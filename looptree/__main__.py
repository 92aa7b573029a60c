"""`python -m looptree` is the command `looptree`."""

from looptree.cli.main import main

if __name__ == "__main__":
    main()
