"""The completion of names of files and of formats by the shell; click itself prints the function for it."""

from collections.abc import Callable, Sequence

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the names of files."""
    return [CompletionItem(incomplete, type="file")]


def names(known: Sequence[str]) -> Completer:
    """Return the function that completes one of these names."""
    return lambda _context, _parameter, incomplete: [
        CompletionItem(name) for name in known if name.startswith(incomplete)
    ]
