"""A conversation as plain values: what branches and the manners of a busy one come to, told without a database.

Messages are named: `u3` is what was said in the third request, `a3` the answer to it.
"""

from dataclasses import dataclass, field

from servers.chat.domain.manners import Manner, WhileBusy, manner_of, standing_of


@dataclass
class ToldTurn:
    """A turn; `parent` counts where it does not follow the leaf."""

    number: int
    asks_anew: bool = False
    message: str = ""
    parent: str | None = None
    follows_leaf: bool = True
    jumps: bool = False
    cancelled: bool = False
    take_back: str = ""
    leaf_before: str | None = None


@dataclass
class Talk:
    """The conversation after its first message; its first turn runs."""

    parents: dict[str, str | None] = field(default_factory=lambda: {"u0": None})
    makers: dict[str, int] = field(default_factory=lambda: {"u0": 0})
    leaf: str | None = "u0"
    running: ToldTurn | None = field(default_factory=lambda: ToldTurn(0, message="u0", follows_leaf=False))
    queue: list[ToldTurn] = field(default_factory=list)
    status: str = "active"

    def said(self, role: str) -> list[str]:
        """The messages of the user or the answers, in a fixed order."""
        return sorted(name for name in self.parents if name.startswith(role))

    def ask(self, turn: ToldTurn, wish: WhileBusy) -> str:
        """What becomes of a request: stored, queued or refused."""
        standing = standing_of(self.status, holds_a_turn=self.running is not None, queued=len(self.queue))
        manner = manner_of(standing, wish)
        if manner in (Manner.REFUSE_BUSY, Manner.REFUSE_CLOSED):
            return "refused"
        if manner is Manner.START:
            self._begin(turn)
            return "stored"
        if manner is not Manner.QUEUE:
            self._stop(turn, takes_back=manner is Manner.TAKE_BACK)
        turn.jumps = manner is not Manner.QUEUE
        self.queue.append(turn)
        self.queue.sort(key=lambda each: not each.jumps)
        return "queued"

    def start(self) -> None:
        """The next of the queue gets the conversation, or is refused where it may not have it any more."""
        turn = self.queue.pop(0)
        needed = {turn.message if turn.asks_anew else None, None if turn.follows_leaf else turn.parent} - {None}
        if self.status == "active" and needed <= self.parents.keys():
            self._begin(turn)

    def leave(self, number: int) -> bool:
        """A queued turn is cancelled."""
        before = len(self.queue)
        self.queue = [turn for turn in self.queue if turn.number != number]
        return len(self.queue) < before

    def end(self, *, keeps_answer: bool) -> None:
        """The turn that runs ends, in whatever way."""
        turn = self.running
        assert turn is not None
        self.running = None
        answer = f"a{turn.number}"
        if keeps_answer and turn.take_back == "":
            self.parents[answer] = turn.message
            self.makers[answer] = turn.number
            self.leaf = answer
        elif turn.asks_anew:
            self.leaf = turn.leaf_before
        elif turn.take_back == "message":
            self.leaf = turn.parent
            del self.parents[turn.message]

    def _begin(self, turn: ToldTurn) -> None:
        turn.leaf_before = self.leaf
        if turn.follows_leaf:
            turn.parent = self.leaf
        if not turn.asks_anew:
            turn.message = f"u{turn.number}"
            self.parents[turn.message] = turn.parent
            self.makers[turn.message] = turn.number
        self.leaf = turn.message
        self.running = turn

    def _stop(self, turn: ToldTurn, *, takes_back: bool) -> None:
        for other in (self.running, *(each for each in self.queue if each.jumps)):
            if other is None:
                continue
            other.cancelled = True
            if takes_back:
                same = other is self.running and turn.asks_anew and self.makers[turn.message] == other.number
                other.take_back = "answer" if same else "message"
