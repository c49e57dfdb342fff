"""What the model says: twenty shell commands, one after the other, whatever the client calls its tool; then the end."""

from __future__ import annotations

from tests.providers.script import Seen, Talk, calls, says

CALLS = 20
END = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how mini-swe-agent is told to end


def script(seen: Seen) -> Talk:
    """By the number of answers in the conversation: a question that is asked again gets the same one."""
    if not seen.tools:
        return says("Twenty commands")  # opencode asks for a title
    done = sum(role == "tool" for role, _ in seen.messages)
    tool = "shell" if "shell" in seen.tools else "bash"
    if done < CALLS:
        more = {"description": "Say a number"} if len(seen.tools) > 1 and tool == "bash" else {}
        return calls(tool, command=f"echo step {done + 1}", **more)
    if "submit" in seen.tools:
        return calls("submit", summary="Twenty commands were run.")
    return calls("bash", command=END) if len(seen.tools) == 1 else says("Twenty commands were run.")
