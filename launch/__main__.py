"""Lets ``python -m telic.launch`` be `telic`."""

import sys

from telic.launch.main import main

sys.exit(main())
