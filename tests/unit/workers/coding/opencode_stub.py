"""A stand-in for opencode: prints the same events, asks the gateway as it does. What it does is the test's own."""

from __future__ import annotations

from pathlib import Path

HEAD = """#!/usr/bin/env python3
import json, os, subprocess, sys, time, urllib.error, urllib.request
CONFIG = json.loads(os.environ["OPENCODE_CONFIG_CONTENT"])
BASE = CONFIG["provider"]["hive"]["options"]["baseURL"]

def tell(type, **part):
    print(json.dumps({"type": type, "part": part}), flush=True)

def ask(text="Go on."):
    body = json.dumps({"model": "hive", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Authorization": "Bearer " + os.environ["HIVE_MODEL_KEY"]}
    request = urllib.request.Request(BASE + "/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]

def step(tool="bash", output="", reason="tool-calls", text="", **asked):
    tell("step_start")
    if text:
        tell("text", text=text)
    if tool:
        state = {"status": "completed", "input": asked, "output": output, "time": {"start": 1000, "end": 1250}}
        tell("tool_use", tool=tool, callID="call-1", state=state)
    tell("step_finish", reason=reason)

def done(text="All is done."):
    step(tool="", reason="stop", text=text)
"""


def stub(folder: Path, body: str) -> Path:
    """A program that does this."""
    program = folder / "opencode-stub"
    program.write_text(f"{HEAD}\n{body}\n")
    program.chmod(0o755)
    return program
