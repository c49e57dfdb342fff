"""Real models, over litellm: one call, retried, with fallbacks, under the budget.

Importing this costs nothing; litellm itself is imported in another process, when the first call is made.
"""

from workers.llm.calling.model import CalledModel
from workers.llm.calling.patience import Patience
from workers.llm.calling.tally import Tally

__all__ = ["CalledModel", "Patience", "Tally"]
