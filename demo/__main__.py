"""`python -m demo` is the demo itself."""

import sys

from demo.run import main

sys.exit(main())
