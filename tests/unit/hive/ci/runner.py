"""A runner of GitHub's kind, as far as the Action sees it: bash, inputs, files for outputs and summary."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[4]
FOLDER = ROOT / "ci-plugin"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text())
INPUT = re.compile(r"\$\{\{\s*inputs\.(\w+)\s*\}\}")


@dataclass
class Runner:
    """What a runner keeps for one job."""

    folder: Path
    url: str

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def environment(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
        given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | {
            "url": self.url,
            "key": "hive_key",
        }
        given |= inputs
        env = {name: INPUT.sub(lambda found: given[found[1]], value) for name, value in step["env"].items()}
        env = {name: value.replace("${{ github.action_path }}", str(FOLDER)) for name, value in env.items()}
        env = {
            name: value.replace("${{ steps.run.outputs.id }}", self.outputs().get("id", ""))
            for name, value in env.items()
        }
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        return {"PATH": os.environ["PATH"], "GITHUB_SHA": "abc", "GITHUB_REPOSITORY": "me/it", **files, **env}

    def start(self, number: int = 0, **inputs: str) -> subprocess.Popen[str]:
        step = ACTION["runs"]["steps"][number]
        assert step["shell"] == "bash"
        script = self.folder / f"step{number}.sh"
        script.write_text(step["run"])
        (self.folder / "checkout").mkdir(exist_ok=True)
        if not (file := self.folder / "checkout/.hive-ci.yaml").exists():
            file.write_text("commands: [make]\n")
        (self.folder / "checkout/json.py").write_text("raise SystemExit('the checkout was imported')\n")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        env = self.environment(step, inputs)
        return subprocess.Popen(
            command, cwd=self.folder / "checkout", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, number: int = 0, **inputs: str) -> tuple[int, str]:
        process = self.start(number, **inputs)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def outputs(self) -> dict[str, str]:
        text = self.output.read_text() if self.output.exists() else ""
        return {
            name: value
            for name, _, value in re.findall(r"^(\w+)<<(hive-\w+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
        }
