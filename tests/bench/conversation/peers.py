"""mini-swe-agent and opencode, as their packages come, installed beside Hive's own environment at the first use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from tests.flows.real.hive import ROOT
from tests.providers.server import KEY, Provider

PLACE = ROOT / ".venv" / "peers"
MINI = "mini-swe-agent==2.4.6"
OPENCODE = ("opencode-ai@1.18.33", "opencode-linux-x64@1.18.33")
TASK = "Run twenty commands."

Start = Callable[[Provider, Path], "subprocess.Popen[bytes]"]


def ready() -> dict[str, Start]:
    """Those that can be had here; says which one is missing and why."""
    found: dict[str, Start] = {}
    for name, install, start in (("mini-swe-agent", _install_mini, _mini), ("opencode", _install_opencode, _opencode)):
        try:
            install()
            found[name] = start
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"{name} is left out: it cannot be installed ({error}).", file=sys.stderr)
    return found


def _install_mini() -> None:
    if not (PLACE / "mini" / "bin" / "mini").exists():
        venv.create(PLACE / "mini", with_pip=True)
        subprocess.run([PLACE / "mini" / "bin" / "pip", "install", "--quiet", MINI], check=True)


def _install_opencode() -> None:
    if not opencode_program().exists():
        npm = shutil.which("npm")
        if npm is None:
            raise OSError("needs npm: install nodejs and npm")
        options = ["--prefix", PLACE / "npm", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run([npm, "install", *options, *OPENCODE], check=True, stdout=subprocess.DEVNULL)


def opencode_program() -> Path:
    return PLACE / "npm" / "node_modules" / "opencode-linux-x64" / "bin" / "opencode"


def _mini(provider: Provider, place: Path) -> subprocess.Popen[bytes]:
    """Its own example of a program: the agent, the local environment, the model, and its usual prompts."""
    program = (
        "import os, yaml; from pathlib import Path; from minisweagent import package_dir;"
        "from minisweagent.agents.default import DefaultAgent;"
        "from minisweagent.environments.local import LocalEnvironment;"
        "from minisweagent.models.litellm_model import LitellmModel;"
        "config = yaml.safe_load((package_dir / 'config' / 'mini.yaml').read_text());"
        "kwargs = {'api_base': os.environ['BASE'], 'api_key': os.environ['KEY']};"
        "model = LitellmModel(model_name='openai/scripted', model_kwargs=kwargs, cost_tracking='ignore_errors');"
        "agent = {k: v for k, v in config['agent'].items() if k in ('system_template', 'instance_template')};"
        f"DefaultAgent(model, LocalEnvironment(), output_path=Path('t.json'), **agent).run({TASK!r})"
    )
    environ = {"BASE": provider.address("openai"), "KEY": KEY, "MSWEA_SILENT_STARTUP": "1"}
    return _start([PLACE / "mini" / "bin" / "python", "-c", program], place, environ)


def _opencode(provider: Provider, place: Path) -> subprocess.Popen[bytes]:
    config = {
        "provider": {
            "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": provider.address("openai"), "apiKey": "{env:SCRIPTED_KEY}"},
                "models": {"scripted": {"limit": {"context": 100_000, "output": 8_000}}},
            }
        }
    }
    environ = {
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "SCRIPTED_KEY": KEY,
    }
    subprocess.run(["git", "init", "--quiet", str(place / "repository")], check=True)
    options = ["run", "--pure", "--format", "json", "-m", "scripted/scripted", TASK]
    return _start([opencode_program(), *options], place, environ)


def _start(command: list[str | Path], place: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    home, repository = place / "peer-home", place / "repository"
    home.mkdir()  # beside the repository: opencode keeps pictures of all that is in it, and would of its own home
    repository.mkdir(exist_ok=True)
    return subprocess.Popen(
        command,
        cwd=repository,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(place / "peer.log").open("wb"),
    )


if __name__ == "__main__":
    _install_opencode()  # what .ci/run needs of this module
