"""`python -m workshop_console.console` is `workshop-console`."""

from workshop_console.console.cli import main

if __name__ == "__main__":
    main()
