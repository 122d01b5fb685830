"""The command `tiepdan`: exit 0 good, 1 refused with one line of reason, 2 bad usage.

Commands come from entry points (`tiepdan.commands`), so that the three packages share one
command without importing each other.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import click

from intake.errors import IntakeError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tiepdan", prog_name="tiepdan")
def cli() -> None:
    """Tiếp Dân: petition intake, legal clock, register and reports."""


def main() -> None:
    """Run the command line; never ends in a traceback for a foreseeable error."""
    try:
        for point in sorted(entry_points(group="tiepdan.commands"), key=lambda point: point.name):
            point.load()(cli)
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(1)
    except IntakeError as error:
        click.echo(f"{error.code}: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader went away (`tiepdan … | head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
