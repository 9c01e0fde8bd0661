"""`python -m modelaudit`."""

from modelaudit.cli.main import main

if __name__ == "__main__":
    main()
