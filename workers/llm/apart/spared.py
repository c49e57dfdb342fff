"""What litellm makes when it is imported or first asked, and a conversation does not read: made when somebody does.

Each part is left as it is where a version of litellm has it another way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from workers.llm.apart.late import of_module, spare

TOKENIZER = "anthropic_tokenizer.json"  # 65,000 words, which utils parses, and writes again as text
TEXT = "claude_json_str"


@contextmanager
def building_models_late() -> Iterator[None]:
    """Validators of pydantic's models and adapters are built when they are first used, as openai's are anyway."""
    config = BaseModel.model_config
    before, asked = config.get("defer_build", False), vars(TypeAdapter).get("_defer_build")
    config["defer_build"] = True
    if asked is not None:  # not where the type is text: it means something only where it is written
        TypeAdapter._defer_build = property(lambda adapter: not isinstance(adapter._type, str))  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        config["defer_build"] = before
        if asked is not None:
            TypeAdapter._defer_build = asked  # type: ignore[method-assign]


@contextmanager
def reading_no_tokenizer() -> Iterator[None]:
    """The file of Anthropic's old tokenizer is empty, for as long as litellm is imported."""
    usual: Callable[..., Any] = json.load

    def load(file: Any, **how: Any) -> Any:
        return {} if Path(str(getattr(file, "name", ""))).name == TOKENIZER else usual(file, **how)

    json.load = load  # type: ignore[assignment]
    try:
        yield
    finally:
        json.load = usual


def spare_what_nobody_reads(library: Any) -> None:
    """After the import."""
    utils, main = library.utils, library.main
    vars(utils).pop("json_data", None)
    if vars(utils).get(TEXT) == "{}":
        spare(utils, TEXT, lambda: _tokenizer(library))
    if vars(main).get("_encoding_cache", ...) is None:  # handed to every provider's code but OpenAI's; 40 MB
        main._encoding_cache = of_module("litellm.litellm_core_utils.default_encoding", "encoding")
    if hasattr(utils, "get_bundled_model_cost_map"):  # the same table, parsed once more
        utils.get_bundled_model_cost_map = lambda: library.model_cost


def _tokenizer(library: Any) -> str:
    place = Path(library.__file__).parent / "litellm_core_utils" / "tokenizers" / TOKENIZER
    return json.dumps(json.loads(place.read_text()))
