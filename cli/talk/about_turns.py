"""Commands of a conversation about its turns: say it otherwise, answer anew, branches, consents, ratings.

Nothing here hears a turn; the session does.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.render import print_line, print_table
from cli.talk import tree
from cli.talk.asking import Anew, Edit, Following
from cli.talk.consent import decide, waiting_in
from cli.talk.session import Session
from cli.talk.terminal import aside
from cli.views import approval as approval_view
from cli.views.words import visible
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc

HELP: Final = (
    ("/edit [TEXT]", "say the last question otherwise; the old one stays as a branch"),
    ("/regenerate", "another answer beside the last one"),
    ("/wake", "wake an agent that sleeps deeply, for another answer beside the last one"),
    ("/branches", "every branch of this conversation, numbered"),
    ("/branch NUMBER", "go on with one of them"),
    ("/approvals", "the tools that wait for your consent here; asks for each"),
    ("/good [WORDS], /bad [WORDS]", "how the last answer was, and why"),
)


def _edit(rest: str, session: Session) -> None:
    talk = session.talk
    said = session.visit(lambda doors: tree.last(doors, talk.conversation_id, message_pb.ROLE_USER))
    text = rest or session.prompt.edit(tree.text_of(said))
    if not text.strip():
        raise CommandError("Nothing was changed: the question is empty.", Exit.WRONG_USE)
    session.hear(Edit(text, said.message_id, talk.conversation_id, talk.model_id))


def _regenerate(_rest: str, session: Session) -> None:
    _anew(session, wakes=False)


def _wake(_rest: str, session: Session) -> None:
    _anew(session, wakes=True)


def _anew(session: Session, *, wakes: bool) -> None:
    talk = session.talk
    roles = (message_pb.ROLE_ASSISTANT, message_pb.ROLE_USER)
    said = session.visit(lambda doors: tree.last(doors, talk.conversation_id, *roles))
    session.hear(Anew(said.message_id, talk.conversation_id, talk.model_id, wakes))


def _branches(_rest: str, session: Session) -> None:
    branches, shown = session.visit(lambda doors: tree.all_branches(doors, session.talk.conversation_id))
    rows = [tree.row(branch, number, shown) for number, branch in enumerate(branches, 1)]
    print_table(tree.HEADINGS, rows)


def _branch(rest: str, session: Session) -> None:
    if not rest.isdecimal():
        raise CommandError("Which one? Write it like /branch 2; /branches lists them.", Exit.WRONG_USE)
    branch = session.visit(lambda doors: tree.show_branch(doors, session.talk.conversation_id, int(rest[:9])))
    aside(f"Going on with branch {rest}, {len(branch.messages)} messages. It ends:")
    print_line(visible(tree.text_of(branch.messages[-1])))


def _approvals(_rest: str, session: Session) -> None:
    found = session.visit(lambda doors: waiting_in(doors, session.talk.conversation_id))
    if not found:
        print_line("Nothing waits for your consent here. `somastack approval list` looks everywhere.")
        return
    decided = None
    for each in found:
        for line in approval_view.lines(each):
            print_line(line)
        if decide(session.prompt, session.visit, each.turn_id, each.request):
            decided = each
    if decided is not None:
        aside("Here is the answer from its beginning.")
        session.hear(Following(decided.turn_id, session.talk.conversation_id))


def _rate(rating: message_pb.Rating.ValueType) -> Callable[[str, Session], None]:
    def rule(rest: str, session: Session) -> None:
        async def work(doors: Doors) -> None:
            answer = await tree.last(doors, session.talk.conversation_id, message_pb.ROLE_ASSISTANT)
            request = turn_pb.RateTurnRequest(
                turn_id=answer.turn_id, rating=rating, text=rest, request_id=doors.request_id()
            )
            await doors.stub("chat", turn_grpc.TurnServiceStub).RateTurn(request)

        session.visit(work)
        aside("Kept.")

    return rule


RULES: Final[Mapping[str, Callable[[str, Session], None]]] = {
    "/edit": _edit,
    "/regenerate": _regenerate,
    "/wake": _wake,
    "/branches": _branches,
    "/branch": _branch,
    "/approvals": _approvals,
    "/good": _rate(message_pb.RATING_GOOD),
    "/bad": _rate(message_pb.RATING_BAD),
}
