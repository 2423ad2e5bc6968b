"""The output format for an answer on a terminal: its text, the reasoning in dim type, and the tool calls.

Needs rich. `answers.py` has the formats for pipes and files.
"""

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from .. import Outcome
from ..providers import MessageStream, Part, parts
from .answers import Answer
from .summaries import Summary
from .terminal import console_for_any_text
from .visible import visible

PLAIN, DIM = Style.null(), Style(dim=True)
CALL, ARGUMENTS = Style(color="cyan", bold=True), Style(color="cyan")
WARNING = Style(color="yellow")


class AnswerTerminal(Answer):
    """The text of an answer, its reasoning in dim type, its tool calls and media.

    The output has sections: a piece of text or of reasoning, or a line for anything else. Empty lines separate text and
    reasoning. If the pieces of several tool calls alternate, each section begins with the name of the tool.
    """

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary)
        self._console = console_for_any_text()
        self._section: tuple[str, int] | None = None
        self._line_ends = 2  # line feeds at the end of the output; at the top, none is needed
        self._calls: dict[int, parts.ToolCallStart] = {}
        self._names: dict[str, str] = {}  # of tools, by the id of the call
        self._shown: set[int] = set()  # blocks of tool calls whose arguments were printed in pieces
        self._media: set[int] = set()  # blocks of media that were mentioned; a film comes in many pieces

    def print_part(self, part: Part) -> None:
        match part:
            case parts.TextDelta() | parts.RefusalDelta():
                self._turn_to("text", 0)
                self._write(part.text, PLAIN)
            case parts.ReasoningDelta():
                self._turn_to("reasoning", part.block)
                self._write(part.text, DIM)
            case parts.RedactedReasoning():
                self._note(part.block, "reasoning, encrypted")
            case parts.ToolCallStart():
                self._calls[part.block] = part
                if part.id:
                    self._names[part.id] = part.name
                self._turn_to_call(part.block)
            case parts.ToolCallDelta() if part.json:
                self._turn_to_call(part.block)
                self._shown.add(part.block)
                self._write(part.json, ARGUMENTS)
            case parts.ToolCallEnd():
                self._end_call(part)
            case parts.ServerToolResult():
                name = self._names.get(part.id or "", part.name or "a tool of the provider")
                self._note(part.block, f"result of {name}{', an error' if part.error else ''}")
            case parts.Media():
                self._show_media(part)

    def end(self, stream: MessageStream) -> None:
        if stream.outcome is Outcome.CLOSED:  # by Ctrl-C, and the terminal shows ^C in this line
            self._line_ends = 0
        if self._section is not None or self._line_ends == 0:
            self._end_lines(1)
        if lines := self._summary.lines(stream):
            if self._section is not None:
                self._end_lines(2)
            errors = Console(stderr=True, highlight=False)
            # In a file, the lines are not folded.
            text = Text("\n".join(map(visible, lines)), style=DIM)
            errors.print(text, soft_wrap=not errors.is_terminal)

    def _turn_to_call(self, block: int) -> None:
        call = self._calls.get(block)
        if self._turn_to("call", block) and call is not None:
            self._write("provider's tool " if call.server else "tool call ", DIM)
            self._write(call.name.replace("\n", " "), CALL)
            self._write(" ", PLAIN)

    def _end_call(self, part: parts.ToolCallEnd) -> None:
        if part.block not in self._shown or part.cut:
            self._turn_to_call(part.block)
        if part.block not in self._shown:  # they came all at once, or not as text
            self._write(part.json, ARGUMENTS)
        if part.cut:
            self._write(" (cut, do not run)", WARNING)

    def _show_media(self, part: parts.Media) -> None:
        if part.block in self._media and not part.transcript:
            return
        self._media.add(part.block)
        if self._turn_to("media", part.block):
            self._write(f"{part.media or 'media'} (--message has it) ", DIM)
        self._write(part.transcript or "", PLAIN)

    def _note(self, block: int, words: str) -> None:
        self._turn_to("note", block)
        self._write(words.replace("\n", " "), DIM)

    def _turn_to(self, kind: str, block: int) -> bool:
        """Begin a section unless it is the current one; return whether a new one began."""
        before, self._section = self._section, (kind, block)
        if before == self._section:
            return False
        if before is not None:
            prose = {"text", "reasoning"} & {before[0], kind}
            self._end_lines(2 if prose else 1)
        return True

    def _end_lines(self, wanted: int) -> None:
        if self._line_ends < wanted:
            self._write("\n" * (wanted - self._line_ends), PLAIN)

    def _write(self, text: str, style: Style) -> None:
        if not text:
            return
        written = len(text) - len(text.rstrip("\n"))
        self._line_ends = written if written < len(text) else self._line_ends + written
        self._print(text, style)

    def _print(self, text: str, style: Style) -> None:
        # Not as rich's Text, whose layout would move the tabs and line ends of the model.
        self._console.print(Segments([Segment(visible(text, keep_lines=True), style)]))
