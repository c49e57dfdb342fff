"""Which role may be handed the work of a job under way, and why another may not."""

from __future__ import annotations

from apps.runs.plan.workflows import CODE, TEST, WRITE_TESTS

MANAGER = "manager"
HAND_OFFS = {CODE: ("testing", MANAGER), TEST: ("coding", MANAGER), WRITE_TESTS: (MANAGER,)}

# To whom nothing is handed, and what to do instead.
NEVER = {
    "deployment": "Deployment takes what has passed its tests, by itself: hand the work to testing.",
    "monitoring": "Monitoring watches what is live; there is nothing in work under way that it could go on with.",
}
# Whose jobs are handed to nobody.
KEEPS = {
    "manager": "There is no plan yet with which another role could go on.",
    "deployment": "A release is switched over or it is not; cancel the run, or roll the release back afterwards.",
    "monitoring": "What fails there is for the spec's repair policy.",
}
NO_TESTS_YET = "The coder begins with tests that were seen to fail."


def refusal(step: str, role: str) -> str:
    """Why a job of this step cannot be handed to the role; empty where it can."""
    to = HAND_OFFS.get(step, ())
    if role in to:
        return ""
    own = step.partition(".")[0]
    why = KEEPS.get(own) or NEVER.get(role) or (NO_TESTS_YET if step == WRITE_TESTS and role == "coding" else "")
    known = f"It can be handed to {' or '.join(to)}." if to else ""
    return " ".join(part for part in (f"A job of {step} cannot be handed to {role}.", why, known) if part)
