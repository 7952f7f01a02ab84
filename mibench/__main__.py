"""`python -m mibench` is the command `mibench`."""

from mibench.cli import main

if __name__ == "__main__":
    main()
