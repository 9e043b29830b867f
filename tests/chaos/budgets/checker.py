"""Whether budgets hold: tables as SQL has them and the upstream's own record, compared. It imports nothing of ours.

A turn is known by its number, which stands in its question and so in every request that the upstream received for it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

# One statement, so one moment.
LOOK = """
select 'tenant' as scope, '' as scope_id, b.period, b.limit_tokens, b.used_tokens, b.held_tokens, (
        select coalesce(sum(h.tokens), 0) from governor.holds h where h.tenant_id = $1 and h.state = 'open'
    ) as open_tokens
from governor.budgets b where b.tenant_id = $1
union all
select c.scope, c.scope_id, c.period, coalesce(own.limit_tokens, all_of.limit_tokens, 0), c.used_tokens, c.held_tokens,
    (
        select coalesce(sum(h.tokens), 0) from governor.holds h
        where h.tenant_id = $1 and h.state = 'open' and c.counter_id = any(h.counters)
    )
from governor.scoped_counters c
left join governor.scoped_budgets own
    on own.tenant_id = $1 and own.scope = c.scope and own.scope_id = c.scope_id and own.period = c.period
left join governor.scoped_budgets all_of
    on all_of.tenant_id = $1 and all_of.scope = c.scope and all_of.scope_id = '' and all_of.period = c.period
where c.tenant_id = $1
"""
OWNERS = """
select owner_id, sum(used_tokens)::bigint as used, count(*) filter (where state = 'open') as open
from governor.holds where tenant_id = $1 group by owner_id
"""
LATE = "select count(*) from chat.intents where tenant_id = $1 and kind in ('settle_turn', 'release_reservation')"


@dataclass
class Watch:
    """What was seen while it went on."""

    looks: int = 0
    most_share: float = 0.0
    found: list[str] = field(default_factory=list)

    def take(self, rows: Iterable[Any]) -> None:
        """One moment."""
        self.looks += 1
        for row in rows:
            name = f"{row['scope']} {row['scope_id']} {row['period']}"
            spent, limit = row["used_tokens"] + row["held_tokens"], row["limit_tokens"]
            if row["held_tokens"] != row["open_tokens"]:
                self.found.append(f"{name}: {row['held_tokens']} held, but {row['open_tokens']} in open holds")
            if limit:
                self.most_share = max(self.most_share, spent / limit)
                if spent > limit:
                    self.found.append(f"{name}: {spent} of {limit} used or held")


async def watch(address: str, tenant: object, seen: Watch, over: asyncio.Event) -> None:
    """Looks again and again until it is over."""
    connection = await asyncpg.connect(address)
    try:
        while not over.is_set():
            seen.take(await connection.fetch(LOOK, tenant))
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Sent:
    """A request as the upstream recorded it: for which turn, what it counted, whether it came to its end."""

    number: int
    prompt_tokens: int
    completion_tokens: int
    whole: bool


# Where a call was cut, its provider's figure never came and its tokens were counted from what is known of it. Only the
# framing of messages may differ.
COUNTED_SLACK = 8
# What a call that nobody received may have had at most.
LARGEST_PROMPT = 2_000


def compare(
    ledger: Mapping[int, int], sent: Iterable[Sent], disturbed: Mapping[int, int]
) -> tuple[list[str], dict[str, int]]:
    """What contradicts the upstream's count, and the sums.

    A turn that nobody stopped and no kill met must be the same to the token. Of a disturbed one (with the kills that
    met it), every prompt that was received must be there and what came to its end, and of the rest no more than was
    sent, beside one call a kill: it was written down before it was made, and nobody knows whether it was.
    """
    by_turn: dict[int, list[Sent]] = defaultdict(list)
    for each in sent:
        by_turn[each.number].append(each)
    found: list[str] = []
    sums = {"turns": 0, "exact": 0, "ledger": 0, "upstream": 0}
    for number in sorted({*by_turn, *ledger}):
        requests, booked = by_turn[number], ledger.get(number, 0)
        total = sum(each.prompt_tokens + each.completion_tokens for each in requests)
        least = sum(each.prompt_tokens + each.completion_tokens * each.whole for each in requests)
        slack = COUNTED_SLACK * len(requests)
        spare = slack + disturbed.get(number, 0) * max(
            (each.prompt_tokens for each in requests), default=LARGEST_PROMPT
        )
        sums["turns"] += 1
        sums["ledger"] += booked
        sums["upstream"] += total
        if booked == total:
            sums["exact"] += 1
        elif number not in disturbed:
            found.append(f"turn {number}: {booked} booked, {total} counted upstream, and nothing had disturbed it")
        elif not least - slack <= booked <= total + spare:
            found.append(f"turn {number}: {booked} booked, {least} to {total} counted upstream")
    return found, sums
