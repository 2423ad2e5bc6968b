"""Find the phrases of tools/words_to_avoid.txt in the tracked files: `python tools/check_words.py [PATH ...]`.

The list has the format of a codespell dictionary, a `text->what to write instead` per line. codespell finds its single
words (see [tool.codespell] in pyproject.toml) but no phrase: this script finds those, across line ends too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tools" / "words_to_avoid.txt"
# Recorded streams, generated data, and the list itself.
SKIPPED = {".sse", ".json", ".svg", ".so", ".list"}
WORD = re.compile(r"[\w'-]*[^\W_]")
# What may stand between two words of a sentence that continues on the next line: also the sign of a comment.
GAP = r"\s+(?:(?:#|//|\*|>)\s+)?"


def phrases() -> dict[str, str]:
    """Return the entries of the list that are more than one word, or the beginning of a name."""
    entries = (line.split("->") for line in LIST.read_text(encoding="utf-8").splitlines())
    return {text: instead for text, instead in entries if not WORD.fullmatch(text)}


def pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern that finds a phrase as whole words, also with a capital at the beginning of a sentence."""
    text = f"[{phrase[0].upper()}{phrase[0]}]" + GAP.join(map(re.escape, phrase[1:].split(" ")))
    before = r"(?<!\w)" if phrase[0].isalnum() else ""
    after = r"(?!\w)" if phrase[-1].isalnum() else ""
    return re.compile(before + text + after, re.IGNORECASE)


def tracked(paths: list[str]) -> list[Path]:
    """Return the tracked files below some paths: below the root, if there are none."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--", *(str(Path(path).resolve()) for path in paths)]
    names = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")  # noqa: S603
    files = [ROOT / name for name in names if name]
    return [path for path in files if path != LIST and path.suffix not in SKIPPED and path.is_file()]


def main(paths: list[str]) -> int:
    """Print each hit as `file:line: phrase -> what to write instead`. Return 1 if there is one."""
    listed = {phrase: (pattern(phrase), instead) for phrase, instead in phrases().items()}
    status = 0
    for path in tracked(paths):
        text = path.read_text(encoding="utf-8", errors="replace")
        flat = re.sub(GAP, " ", text)
        for phrase, (expression, instead) in listed.items():
            for found in expression.finditer(text) if phrase[1:] in flat else ():
                line = text.count("\n", 0, found.start()) + 1
                print(f"{path.relative_to(ROOT)}:{line}: {phrase} -> {instead}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
