"""Configuration of Sphinx: `make docs`. The pages are plain Markdown, so that a forge shows them as well."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from typing import TYPE_CHECKING, Any

from ssescan.scanner._shared import scanner_options

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "ssescan"
author = "The ssescan authors"
release = version = importlib.metadata.version("ssescan")
project_copyright = f"{author}, MIT licence"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
root_doc = "index"
nitpicky = True

myst_heading_anchors = 4  # the same as on a forge
highlight_language = "none"  # for blocks without a language
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_use_legacy_class_based = False
python_maximum_signature_line_length = 88

smartquotes = False

html_theme = "furo"
html_title = f"ssescan {release}"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

CODE = re.compile(r"(`[^`]+`)")


def to_restructured_text(
    app: Sphinx, what: str, name: str, thing: object, options: dict[str, Any], lines: list[str]
) -> None:
    """Escape a docstring, which is plain text with code between backticks."""
    lines[:] = [
        "".join(f"`{piece}`" if piece.startswith("`") else escaped(piece) for piece in CODE.split(line))
        for line in lines
    ]


# Functions return these; programs do not create them.
RETURNED = (
    "EventStream", "AsyncEventStream", "MessageStream", "AsyncMessageStream", "WireStream", "AsyncWireStream",
    "ByteStream", "AsyncByteStream",
    "Acceleration", "Outcome", "Part",
)  # fmt: skip


def signature_to_show(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: dict[str, Any],
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None] | None:
    """Return no signature for classes that a program does not call, and the same for Scanner with both backends."""
    if name == "ssescan.Scanner":
        checked = inspect.signature(scanner_options)
        bare = [item.replace(annotation=item.empty) for item in checked.parameters.values()]
        return str(checked.replace(parameters=bare[1:], return_annotation=checked.empty)), None
    return ("", None) if name.rpartition(".")[2] in RETURNED else None


def escaped(text: str) -> str:
    """Return a text with its mark-up characters escaped."""
    return re.sub(r"([*|\\])|(?<=\w)_(?=\W|$)", r"\\\g<0>", text)


def setup(app: Sphinx) -> None:
    """Connect the functions above to Sphinx."""
    app.connect("autodoc-process-docstring", to_restructured_text)
    app.connect("autodoc-process-signature", signature_to_show)
