"""Lets ``python -m telic.launch`` be `telic`."""

import sys

from telic.launch.main import main

if __name__ == "__main__":
    sys.exit(main())
