"""The `hive` command: its verbs, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import typer
from typer.exceptions import TyperException

from hive import env
from hive.cli.agent import agent
from hive.cli.approve import approve
from hive.cli.ci import ci
from hive.cli.data import data
from hive.cli.demo import demo
from hive.cli.doctor.command import doctor
from hive.cli.down import down
from hive.cli.failure import Failure
from hive.cli.first_secrets import secrets
from hive.cli.health import check
from hive.cli.job import job
from hive.cli.logs import logs
from hive.cli.many import cancel, prune, retry
from hive.cli.mcp import mcp
from hive.cli.memory import memory
from hive.cli.project import project
from hive.cli.queue import queue
from hive.cli.report import report
from hive.cli.run import run as run_verb
from hive.cli.sign_in import sign_in
from hive.cli.single import beat, flower, host, migrate, run_worker, web
from hive.cli.spec import spec
from hive.cli.status import status
from hive.cli.token import token
from hive.cli.up.command import up
from hive.cli.worker import worker

app = typer.Typer(
    name="hive",
    help="From a spec to a built, tested, deployed and watched application, on your own machines.",
    epilog="State lives in HIVE_HOME (default: ./.hive). Exit codes: 0 done, 1 failed, 2 could not be tried.",
    add_completion=False,
    pretty_exceptions_enable=False,
    # Help for a pipe needs no frames, and importing rich for them would double its time.
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hive {version('hive')}")
        raise typer.Exit


@app.callback()
def hive(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """From a spec to a built, tested, deployed and watched application, on your own machines."""


app.command()(up)
app.command()(down)
app.command()(status)
app.command()(doctor)
app.command("run")(run_verb)
app.command()(logs)
app.command()(report)
app.command()(cancel)
app.command()(retry)
app.command()(approve)
app.add_typer(project, name="project")
app.add_typer(spec, name="spec")
app.add_typer(ci, name="ci")
app.add_typer(token, name="token")
app.add_typer(queue, name="queue")
app.add_typer(worker, name="worker")
app.add_typer(memory, name="memory")
app.add_typer(mcp, name="mcp")
app.add_typer(agent, name="agent")
app.add_typer(job, name="job")
app.command()(prune)
app.add_typer(data, name="data")
app.command("sign-in")(sign_in)
app.command()(demo)

SINGLE = "Single processes (docs/deployment.md)"
worker.command("run")(run_worker)
for verb in (migrate, web, beat, host, flower, secrets):
    app.command(rich_help_panel=SINGLE)(verb)


@app.command(rich_help_panel=SINGLE)
def health(part: str = typer.Argument(help="web, worker, beat, host or flower", show_default=False)) -> None:
    """Say whether the part that runs beside this command works."""
    typer.echo(check(part))


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. An error is a sentence on standard error, and 2 unless the verb says more."""
    command = typer.main.get_command(app)
    try:
        result = command.main(list(arguments) or ["--help"], prog_name="hive", standalone_mode=False)
        sys.stdout.flush()
    except Failure as failure:
        return _complain(str(failure), failure.exit_code)
    except env.BadSetting as error:
        return _complain(str(error), 2)
    except TyperException as error:
        return _complain(_sentence(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has seen enough; nothing to flush at the exit either
        return 0
    except Exception as error:
        return _confess(error)
    return result if isinstance(result, int) else 0


def _sentence(error: TyperException) -> str:
    """What typer found wrong with the arguments, with the nearest known option and where to read on."""
    said, context = error.format_message(), getattr(error, "ctx", None)
    wrong = getattr(error, "option_name", None)
    if wrong and context and hasattr(error, "possibilities"):
        names = [name for parameter in context.command.params for name in parameter.opts]
        near = get_close_matches(wrong, names, n=1, cutoff=0.5)
        said = f"No such option {wrong!r}." + (f" Did you mean {near[0]!r}?" if near else "")
    end = "" if said.endswith(("?", ".")) else "."
    return f"{said}{end} See `{context.command_path if context else 'hive'} --help`."


def _confess(error: Exception) -> int:
    """A bug of Hive's, or something that nobody thought of: the sentence first, the traceback for who asks for it."""
    if os.environ.get("HIVE_DEBUG", "0") not in ("", "0"):
        import traceback

        traceback.print_exc()
    return _complain(f"{type(error).__name__}: {error} (HIVE_DEBUG=1 shows where)", 2)


def _complain(sentence: str, exit_code: int) -> int:
    typer.echo(f"hive: {sentence}", err=True)
    return exit_code
