"""``phoenix``: a group that imports a verb only when it is called (spec C8), and turns errors into exit codes (C6)."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import click

from phoenix_hypervisor import __version__
from phoenix_hypervisor.errors import ConfigurationError, PhoenixError

VERBS: dict[str, str] = {
    "plan": "Show what would change and why; change nothing.",
    "apply": "Make the node as declared.",
    "destroy": "Destroy containers by name, and nothing else.",
    "rollback": "Put a container back to one of its snapshots.",
    "status": "Show what is there, and what is not as declared.",
    "validate": "Report every problem of the configuration files.",
    "graph": "Draw the dependency tree.",
    "log": "Show past runs, one run, or one step.",
    "schema": "Print the JSON Schemas of the configuration files.",
    "feature": "List, show and run single features.",
    "migrate": "Print the host document that a legacy phoenix_config.sh stands for.",
    "sim": "Make simulated nodes.",
    "demo": "The whole road on a simulated node.",
}

EXIT_CODES = """\b
Exit codes:
  0    done, or nothing to do
  1    something failed
  2    configuration or usage error
  3    plan --exit-code, and changes wait
  4    destructive change refused
  5    another run holds the lock
  130  interrupted"""


class LazyGroup(click.Group):
    """A group whose verbs live in ``phoenix_hypervisor.cli.VERB`` as ``command``."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command = importlib.import_module(f"phoenix_hypervisor.cli.{name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            raise click.UsageError(f'There is no verb "{args[0]}".{hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="phoenix", message="%(prog)s %(version)s")
@click.pass_context
def phoenix(ctx: click.Context) -> None:
    """Turn a Proxmox VE node into the state that your configuration declares.

    \b
    Example:
      phoenix plan  --etc examples/ai-lab --on sim
      phoenix apply --etc examples/ai-lab --on sim:node.json --yes
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit code. No exception leaves but a defect of our own, and that is told."""
    try:
        return _invoke(arguments)
    except click.UsageError as error:
        return _usage(error, arguments)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except click.ClickException as error:
        return _told(2, error.format_message(), "", arguments)
    except ConfigurationError as error:
        return _tell_problems(error, arguments)
    except PhoenixError as error:
        return _told(error.exit_code, error.message, error.hint, arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _told(1, f"{where}{error.strerror or error}.", "", arguments)
    except Exception as error:
        return _defect(error, arguments)


def _invoke(arguments: list[str]) -> int:
    from phoenix_hypervisor.cli.seeds import translate

    outcome: Any = phoenix.main(args=translate(arguments), prog_name="phoenix", standalone_mode=False)
    return outcome if isinstance(outcome, int) else 0


def _defect(error: Exception, arguments: list[str]) -> int:
    """A mistake of our own: told in one line, and whole for who asks."""
    if os.environ.get("PHOENIX_TRACEBACK"):
        raise error
    hint = "With PHOENIX_TRACEBACK=1 it shows where; what was begun is finished by running again."
    return _told(1, f"a defect of Phoenix itself: {type(error).__name__}: {error}.", hint, arguments)


def _usage(error: click.UsageError, arguments: list[str]) -> int:
    hint = f"See: {error.ctx.command_path} --help" if error.ctx else ""
    return _told(2, error.format_message(), hint, arguments)


def _wants_json(arguments: list[str]) -> bool:
    text = " ".join(arguments)
    return "--output json" in text or "--output=json" in text


def _told(code: int, message: str, hint: str, arguments: list[str]) -> int:
    """An error in words and, where JSON is asked for, as an object, too; returns the exit code."""
    if _wants_json(arguments):
        click.echo(json.dumps({"error": {"message": message, "hint": hint}}, ensure_ascii=False))
    click.echo(f"phoenix: {message} {hint}".rstrip(), err=True)
    return code


def _tell_problems(error: ConfigurationError, arguments: list[str]) -> int:
    if _wants_json(arguments):
        listing = [problem.as_json() for problem in error.problems]
        click.echo(json.dumps({"problems": listing}, ensure_ascii=False, indent=2))
    for problem in error.problems:
        click.echo(str(problem), err=True)
    click.echo(f"phoenix: {error} Nothing was touched.", err=True)
    return error.exit_code
