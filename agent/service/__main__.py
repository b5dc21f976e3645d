"""Print a unit, for `shelver service install`."""

from __future__ import annotations

import argparse
import pwd
import sys
from pathlib import Path

from agent.service import common_root, system_unit, user_unit
from core.config import load_config
from core.errors import ShelverError, UsageError
from core.names import shown


def _user(options: argparse.Namespace) -> str:
    return user_unit(options.python)


def _system(options: argparse.Namespace) -> str:
    config = load_config(options.config)
    try:
        home = Path(pwd.getpwnam(options.user).pw_dir)
    except KeyError:
        raise UsageError(f"there is no user {shown(options.user)}") from None
    return system_unit(options.python, options.user, home, options.config.absolute(), common_root(config))


def main() -> int:
    """Read the command line and print. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="agent.service", description="Prints a systemd unit.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the agent")
    kinds = parser.add_subparsers(required=True)
    kinds.add_parser("user").set_defaults(render=_user)
    system = kinds.add_parser("system")
    system.add_argument("--user", required=True)
    system.add_argument("--config", type=Path, required=True)
    system.set_defaults(render=_system)
    options = parser.parse_args()
    try:
        print(options.render(options), end="")
    except ShelverError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
