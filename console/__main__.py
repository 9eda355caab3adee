"""`python -m workshop_console.console` is `workshop-console`."""

from workshop_console.console.start import main

if __name__ == "__main__":
    main()
