"""`ssescan demo`: a replay server on this machine plays answers, `ssescan read` shows each, and an SDK is accelerated.

Needs only click until all packages were found; `demo_scenes.py` plays.
"""

from importlib import import_module

import click

from .exits import Exit, Failure

PACKAGES = ("rich", "httpx", "msgspec", "starlette", "uvicorn")


@click.command("demo")
@click.option("--pace", type=click.FloatRange(min=0), default=1.0, hidden=True, help="Stretch all pauses; 0: none.")
def command(*, pace: float) -> Exit:
    """Play answers of LLM APIs on this machine, and read them.

    \b
    Needs no key and no network. Shows an answer with reasoning and a tool
    call, the same answer in the formats of other APIs, an answer that is
    cut, an error within an answer, and what an installed SDK gains. Takes
    about fifteen seconds.

    \b
        ssescan demo
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if missing := list(filter(is_missing, PACKAGES)):
        text = f"expected the packages {', '.join(PACKAGES)} to be installed, missing: {', '.join(missing)}"
        raise Failure(Exit.OTHER, f"{text}; pip install 'ssescan[cli,replay]'")
    from .demo_scenes import play_all

    return play_all(pace)


def is_missing(package: str) -> bool:
    """Return whether a package cannot be imported."""
    try:
        import_module(package)
    except ModuleNotFoundError:
        return True
    return False
