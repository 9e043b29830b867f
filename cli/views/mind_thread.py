"""Threads of thought, actions and the working memory as tables and lines.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, bar, moment, one_line, visible
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb

OPTION_HEADINGS: Final = ("", "NO", "SCORE", "OPTION", "WHY", "TAKEN")
THREAD_HEADINGS: Final = ("", "THREAD", "GOAL", "BEHIND", "FROM", "CHANGED")
ITEM_HEADINGS: Final = ("SALIENCE", "", "MET", "ITEM", "MEMORY")
_GOAL: Final = 60


def headline(thread: thread_pb.Thread) -> str:
    """What a thread is for and how far it is."""
    goal = f"“{one_line(thread.goal, 200)}”" if thread.goal else "without a goal"
    whole = f"{thread.cursor} of {len(thread.options)} behind" if thread.options else "without options"
    over = "; exhausted" if thread.exhausted else ""
    return f"Thread {thread.thread_id} {goal}: {whole}{over} · version {thread.version} · from {thread.method}"


def option_rows(thread: thread_pb.Thread) -> Iterator[tuple[str, ...]]:
    """The options under the headings; ▸ is the next one."""
    for place, option in enumerate(thread.options):
        yield (
            "▸" if place == thread.cursor and not thread.exhausted else "",
            str(place + 1),
            f"{option.score:.2f}",
            visible(option.text),
            visible(option.reason) or NONE,
            moment(option, "taken_time"),
        )


def thread_row(thread: thread_pb.Thread) -> tuple[str, ...]:
    """A thread of a list under the headings; ● is the current one."""
    return (
        "●" if thread.current else "",
        thread.thread_id,
        one_line(thread.goal, _GOAL) or NONE,
        f"{thread.cursor}{', exhausted' if thread.exhausted else ''}",
        thread.method,
        moment(thread, "update_time"),
    )


def option_line(option: thread_pb.ThreadOption) -> str:
    """An option with its score and why."""
    why = f" – {visible(option.reason)}" if option.reason else ""
    return f"{visible(option.text)} ({option.score:.2f}){why}"


def step_lines(step: act_pb.ActStep) -> Iterator[str]:
    """A step of an action, and what was decided."""
    yield f"· {visible(step.step)}"
    yield (
        f"  novelty {step.novelty:.2f}, error {step.pred_error:.2f}, salience {step.salience:.2f} "
        f"(keep from {step.store_threshold:.2f}, act from {step.act_threshold:.2f})"
    )
    yield f"  {visible(step.policy)}"
    for hit in (*step.wm_hits, *step.memory_hits):
        where = f"memory {hit.memory_id}" if hit.memory_id else "working memory"
        yield f"    {hit.score:.2f}  {one_line(hit.text, 100)}  ({where})"


def action_lines(action: act_pb.ActResponse) -> Iterator[str]:
    """What came of an action besides its steps."""
    if action.plan:
        where = f", found in {action.plan_universe}" if action.plan_universe else ""
        yield f"Plan{where}: {' → '.join(visible(step) for step in action.plan)}"
    for reason in action.partial_reasons:
        yield f"! {visible(reason)}"
    yield f"Session: {visible(action.session_id)}"


def item_row(item: act_pb.WorkingItem) -> tuple[str, ...]:
    """An item of the working memory under the headings."""
    drawn = bar(0, round(item.salience * 1000), 1000, width=10)
    return (f"{item.salience:.2f}", drawn, str(item.salient_count), one_line(item.text, 120), item.memory_id or NONE)
