"""`python -m stategrad`: the command line."""

from stategrad.cli.main import main

if __name__ == "__main__":
    main()
