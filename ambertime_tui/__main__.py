"""`python -m ambertime_tui`: the same as `ambertime`."""

import sys


def _forget_current_folder() -> None:
    """Take the current folder, which `python -m` puts first, out of the search path.

    It may be a stranger's drive with a json.py on it. Nothing may be imported before this but what Python has
    loaded itself. The folder stays if this package is in it.
    """
    folder = __file__.rpartition("/")[0].rpartition("/")[0]
    if not sys.flags.safe_path and sys.path and sys.path[0] != folder:
        del sys.path[0]


if __name__ == "__main__":
    _forget_current_folder()

    from ambertime_tui.cli import entry

    sys.exit(entry())
