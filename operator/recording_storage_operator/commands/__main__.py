"""`python -m recording_storage_operator.commands`."""

from . import main

if __name__ == "__main__":
    main()
