"""The calls of a choice of Chat Completions: which call a fragment belongs to, and what its name is.

Vendors key fragments by index, by id, or not at all, and some cut a call in two. Knows nothing of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..block_builders import CallBuilder
from ..json_values import is_same_text
from ..parts import ToolCallDelta

if TYPE_CHECKING:
    from ..message_builder import ChoiceBuilder

MAX_NAME_PIECES = 128
"""The most pieces of a name: each costs a look at the arguments so far. Names of OpenAI have 64 characters."""
MAX_SPACE = 64
"""The length beyond twice as long that arguments may have which are the same JSON, characters."""


class ChatCall(CallBuilder):
    """A call that has no place among the blocks until its name is known: its arguments may be another call's.

    Once it is known, the call is `held` until something else than more of the name comes.
    """

    __slots__ = ("_home", "_pieces", "placed")

    def __init__(self, choice: ChoiceBuilder, kind: str) -> None:
        self.placed: bool = False
        self._home = choice
        self._pieces = 1
        super().__init__(choice, None, None, kind=kind, held=True)

    def place(self, choice: ChoiceBuilder) -> None:
        """Leave the call without a place: `settle` adds it to the blocks."""

    def settle(self) -> None:
        """Add the call to the blocks, once."""
        if not self.placed:
            self.placed = True
            super().place(self._home)

    def set_name(self, name: str | None) -> None:
        """Set the name, or add a piece to it. One that begins with the name so far is the name so far, and more."""
        if not name or name == self.name:
            return
        if self.name:
            self._pieces += 1
        self.name = name if name.startswith(self.name) else self.name + name
        self.ending.reopen()
        self.settle()

    def takes(self, id: str | None, name: str, arguments: str) -> bool:
        """Return whether a fragment with that name may be of this call: with the same name, or more of it.

        R17 of docs/rules.md: more of it only if the call has an id, and its arguments are not whole yet. After whole
        arguments, the same name begins another call, unless the fragment repeats this one.
        """
        if not self.name or name == self.name:
            return not self.is_over(name, arguments) or (id is not None and id == self.id and self._is_same(arguments))
        if self.id is None or self._pieces == MAX_NAME_PIECES:
            return False
        return not self.size or not self.is_whole

    def is_over(self, name: str | None, arguments: str) -> bool:
        """Return whether a fragment that has the name again, and arguments from their start, comes after the call."""
        if not (arguments[:1] == "{" and self.size > 2 and name and name == self.name):
            return False
        self._pieces += 1  # each of these fragments costs a look at the arguments, too
        return self._pieces <= MAX_NAME_PIECES and not self.custom and self.is_whole

    def add_object(self, name: str | None, arguments: str) -> None:
        """Add arguments that begin like an object, unless they repeat the call. They replace a placeholder, `{}`."""
        if self.size == 2 and self.text == "{}":
            self.reconcile(arguments)
        elif not self.is_over(_none_if_empty(name), arguments):
            self.add(arguments)

    def release(self) -> None:
        """Start the call, if its name is known: the name is whole."""
        if self.held and self.name:
            self.start()
            self.sign(self.signed or "")

    def agrees_with(self, whole: str) -> bool:
        """Return whether whole arguments continue what was written, or are the same JSON."""
        if self.size > 2 * len(whole) + MAX_SPACE:
            return False  # and what was written is not joined to see it
        text = self.text
        return whole.startswith(text) or is_same_text(text, whole)

    def _is_same(self, whole: str) -> bool:
        """Return whether whole arguments are the same JSON as those of the call."""
        return self.size <= 2 * len(whole) + MAX_SPACE and is_same_text(self.text, whole)

    def complete(self, name: str | None, whole: str, *, in_pieces: bool) -> None:
        """Add what the call of a whole message has more. `in_pieces`: it may be the next piece."""
        name = _none_if_empty(name)
        if name and name.startswith(self.name):
            self.set_name(name[len(self.name) :] if self.name != name else name)
        if not whole or (self.size and whole.strip() == "{}"):
            return  # empty does not replace what is known
        if not self.agrees_with(whole):
            (self.add if in_pieces else self.reconcile)(whole)
        elif whole.startswith(self.text):
            self.add(whole[len(self.text) :])

    def attach(self, signature: str) -> None:
        """Attach a signature, which is emitted when the call has started."""
        if self.started:
            self.sign(signature)
        else:
            self.signed = signature or self.signed


class ChatCalls:
    """The calls of a choice, to find the one of a fragment."""

    __slots__ = ("_by_id", "_by_index", "_choice", "_last", "all")

    def __init__(self, choice: ChoiceBuilder) -> None:
        self._choice = choice
        self._by_id: dict[str, ChatCall] = {}
        self._by_index: dict[int, ChatCall] = {}
        self._last: ChatCall | None = None
        self.all: list[ChatCall] = []

    def find(self, index: int | None, id: str | None, name: str | None, kind: str, arguments: str) -> ChatCall:
        """Return the call, a new one if no known call fits; set its id and its name."""
        sent, id, name = id, _none_if_empty(id), _none_if_empty(name)
        call = self._by_id.get(id) if id is not None else None
        if call is None:
            call = self._last if index is None else self._by_index.get(index)
            # A fragment without a name continues the call, even with a new id: some servers give every fragment its
            # own. With a name and another id, it is another call.
            if call is not None and name and call.name and id is not None and call.id is not None:
                call = None
        if call is None or (name and not call.takes(id, name, arguments)):
            self.release()
            call = ChatCall(self._choice, kind)
            self.all.append(call)
        elif call is not self._last:
            self.release()
        if id is not None:
            call.id = call.id or id
            self._by_id[id] = call
        elif sent == "":
            call.native["id"] = ""  # the next request has to send it back unchanged
        call.set_name(name)
        if index is not None:
            self._by_index[index] = call
        self._last = call
        return call

    def of_whole(self, place: int, id: str | None, name: str | None, arguments: str) -> ChatCall | None:
        """Return the call that one of a whole message repeats: by its id, else by its place. None if it is new."""
        id, name = _none_if_empty(id), _none_if_empty(name)
        call = self._by_id.get(id) if id is not None else None
        if call is not None or place >= len(self.all):
            return call
        call = self.all[place]
        if (id is not None and call.id is not None) or (name and call.name and name != call.name):
            return None
        return call if not arguments or call.agrees_with(arguments) else None

    def release(self) -> None:
        """Start the last call: its name does not go on."""
        if self._last is not None and self._last.held:
            self._last.release()

    def finish(self) -> None:
        """Join the halves of a call, and give a place to the calls that never got a name.

        R18 of docs/rules.md: a name without arguments and arguments without a name are one call, if there is exactly
        one of each. Halves that both have an id are two calls.
        """
        without_arguments = [call for call in self.all if call.name and not call.size]
        without_name = [call for call in self.all if not call.name and call.size]
        halves = [*without_arguments, *without_name]
        if len(without_arguments) == len(without_name) == 1 and any(call.id is None for call in halves):
            call, rest = halves
            self.all.remove(rest)
            call.id = call.id or rest.id
            call.native = rest.native | call.native
            call.attach(rest.signed or "")
            call.release()
            call.lost_before = min(call.lost_before, rest.lost_before)
            call.write(rest.text)
            call.emit_part(ToolCallDelta, json=rest.text)  # not by add(): content at the end would reopen the choice
        for call in self.all:
            if call.id or call.size or call.native:
                call.settle()


def _none_if_empty(value: str | None) -> str | None:
    """Return an id or a name; None for the words that servers send in place of nothing."""
    return None if value in ("", "null") else value
