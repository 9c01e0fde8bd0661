"""`python -m modelaudit`."""

import os
import sys

if __name__ == "__main__":
    # `-m` looks for modules in the current folder first, which may be that of a model that nobody trusts.
    if sys.path and not sys.flags.safe_path and os.path.realpath(sys.path[0]) == os.path.realpath(os.getcwd()):
        del sys.path[0]

    from modelaudit.cli.main import main

    main()
