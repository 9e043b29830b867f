"""Which rows of a shelf count for a recall: what is in recall and what `RecallFilter` lets through. Pure."""

from datetime import datetime

import numpy as np

from servers.memory.domain.memory import Kind, RecallFilter
from servers.memory.view.entry import Mask, pair_hash, tag_hash
from servers.memory.view.shelf import FOREVER, Shelf, Standing, microseconds


def standing(shelf: Shelf, wanted: RecallFilter, now: datetime) -> Mask:
    """The rows that are in recall at the as-of times, as `domain/standing.py` has it for one memory.

    What holds since it was learned holds for who asks now, whatever the clocks of two processes say. Hypotheses are
    none of it, unless their kind is asked for.
    """
    moment = microseconds(now)
    if wanted.as_of_valid is not None or wanted.as_of_learn is not None or Kind.HYPOTHESIS in wanted.kinds:
        return _standing(shelf, wanted, moment)
    held = shelf.standing
    if held is None or not held.begin <= moment < held.end:
        mask = _standing(shelf, wanted, moment)
        mask.flags.writeable = False
        held = shelf.standing = Standing(mask, moment, shelf.next_change(moment))
    return held.mask


def _standing(shelf: Shelf, wanted: RecallFilter, moment: int) -> Mask:
    columns = shelf.columns
    valid, learned = microseconds(wanted.as_of_valid, moment), microseconds(wanted.as_of_learn, moment)
    mask: Mask = columns["alive"] & ~columns["hidden"]
    mask &= columns["expire_time"] > moment
    if Kind.HYPOTHESIS not in wanted.kinds:
        mask &= columns["kind"] != Kind.HYPOTHESIS
    begun = columns["valid_from"] <= valid
    if wanted.as_of_valid is None:
        begun |= columns["valid_from"] <= columns["learn_time"]
    mask &= begun
    ended = columns["valid_to"] <= valid
    # What nobody knew at L counts for nothing: neither the row nor, of one that was replaced, its end.
    retired = columns["retire_time"] <= learned
    mask &= np.where(columns["replaced"], ~retired | ((columns["valid_to"] != FOREVER) & ~ended), ~retired & ~ended)
    return mask if wanted.as_of_learn is None else np.asarray(mask & (columns["learn_time"] <= learned))


def fitting(shelf: Shelf, wanted: RecallFilter) -> Mask | None:
    """The rows that the filter lets through, in recall or not; None where it asks for nothing."""
    columns = shelf.columns
    masks: list[Mask] = []
    if wanted.kinds:
        masks.append(np.isin(columns["kind"], [int(kind) for kind in wanted.kinds]))
    if wanted.min_importance:
        masks.append(columns["importance"] >= wanted.min_importance)
    if wanted.min_trust:
        masks.append(columns["trust"] >= wanted.min_trust)
    if wanted.conversation_id is not None:
        masks.append(columns["conversation"] == shelf.code(wanted.conversation_id))
    if wanted.subject:
        masks.append(columns["about"] == shelf.code(f"subject {wanted.subject}"))
    if wanted.valid_after is not None:
        masks.append(columns["valid_to"] > microseconds(wanted.valid_after))
    if wanted.valid_before is not None:
        masks.append(columns["valid_from"] < microseconds(wanted.valid_before))
    labels = [*map(tag_hash, wanted.tags), *(pair_hash(name, value) for name, value in wanted.metadata)]
    if labels:
        held = shelf.labels.find(np.array(labels, dtype=np.int64))
        for rows in np.split(held.rows, np.cumsum(held.sizes)[:-1]):
            masks.append(np.zeros(columns.size, dtype=np.bool_))
            masks[-1][rows] = True
    return np.logical_and.reduce(masks) if masks else None
