"""``python -m sim``: the same as ``hocket simulate``."""

import sys

from .command import main

sys.exit(main())
