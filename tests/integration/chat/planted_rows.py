"""Rows for tables that hold something of a person for a moment only, or after what no test brings about in each house.

They are put where the house would put them: $1 is the tenant, $2 the person, $3 a word that nobody else says.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from soma_common.kernel.tenancy import TenantId
from tests.integration.chat.canaries import Canaries

# Of each house.
SHARED: Final = (
    """
    insert into dead_letters (
        consumer, event_id, tenant_id, topic, shard, position, stream, sequence, event_type, status, body, headers,
        error_class, error_message, error_id, attempts
    )
    values (
        'planted', gen_random_uuid(), $1, 'topic', 0, 1, 'stream', 1, 'some.event', 'discarded', convert_to($3, 'UTF8'),
        jsonb_build_object('sub', $2::text), 'Error', $3, 'error', 1
    )
    """,
    # An event that this release cannot read any more.
    """
    insert into events (
        event_id, tenant_id, stream, sequence, event_type, event_time, service, trace_id, correlation_id, schema_name,
        schema_fingerprint, schema_version, payload, metadata
    )
    values (
        uuidv7(), $1, 'planted', 1, 'some.event', now(), 'planted', 'trace', 'correlation', 'no.Message', '', '',
        convert_to($3, 'UTF8'), jsonb_build_object('sub', $2::text)
    )
    """,
    "insert into rate_limits values ($1, $2, 'planted', now() + length($3) * interval '0')",
    """
    insert into replays (tenant_id, name, target, filters)
    values ($1, 'planted' || length($3), 'target', jsonb_build_object('sub', $2::text))
    """,
    """
    with saga as (
        insert into sagas (
            tenant_id, saga_id, name, version, status, step, sub, roles, scopes, correlation_id, traceparent, input,
            awaits, deadline_time, end_time
        )
        values (
            $1, gen_random_uuid(), 'planted', 1, 'COMPLETED', 'step', $2, '{}', '{}', 'correlation', '',
            jsonb_build_object('sub', $2::text), '{}', now() + length($3) * interval '0', now()
        )
        returning saga_id
    )
    insert into saga_steps (
        tenant_id, saga_id, direction, step_index, step, status, attempts, first_time, last_time, result
    )
    select $1, saga_id, 'forward', 0, 'step', 'done', 1, now(), now(), jsonb_build_object('sub', $2::text) from saga
    """,
)
OWN: Final[Mapping[str, Sequence[str]]] = {
    "chat": (
        # Sixty-four messages make a block.
        """
        with made as (
            insert into word_blocks (tenant_id, owner_key, message_ids, conversation_ids)
            values ($1, owner_key($2), array[gen_random_uuid()], array[gen_random_uuid()]) returning block
        )
        insert into block_words (tenant_id, owner_key, word, block, hits)
        select $1, owner_key($2), $3, block, 1 from made
        """,
        # A call that a person consented to.
        """
        insert into tool_calls (
            tenant_id, turn_id, call_id, round, position, name, arguments_json, arguments_hash, state, status, content,
            decision, decided_by, note, create_time
        )
        select $1, turn_id, 'planted', 9, 9, 'tool', $3, 'hash', 'done', 'done', $3, 'approve', $2, $3, now()
        from turns where tenant_id = $1 and owner_sub = $2 limit 1
        """,
    ),
    "governor": ("insert into rate_marks values ($1, $2, now(), now() + length($3) * interval '0')",),
    "cognitive": (
        # What no feedback of hers led to: an operator took weights back.
        """
        insert into adaptation_log (
            tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause,
            changed_by
        )
        values (
            $1, gen_random_uuid(), 1, '{1,0.2,0.1,1,0.7,1,0.1,0.05}', 0.05, 0, '{0,0,0,0}',
            now() + length($3) * interval '0', 'rollback', 'planted', $2
        )
        """,
        # Where a turn of the person kept memories.
        """
        insert into agent_namespaces (tenant_id, agent_id, namespace, last_turn_time)
        values ($1, gen_random_uuid(), 'user:' || $2, now() + length($3) * interval '0')
        """,
        # A group of the person's memories that a cycle has still before it.
        """
        with made as (
            insert into sleep_cycles (
                tenant_id, cycle_id, agent_id, state, cause, nrem, rem, token_budget, max_seconds, start_time
            )
            values ($1, gen_random_uuid(), gen_random_uuid(), 2, 'by hand', true, true, 0, 60, now()) returning cycle_id
        )
        insert into sleep_cycle_groups (tenant_id, cycle_id, number, namespace, memory_ids)
        select $1, cycle_id, 1 + length($3) * 0, 'user:' || $2, '{}' from made
        """,
    ),
    "control": (
        """
        with made as (
            insert into tenants (tenant_id, managed_by, name, display_name, created_by, create_time, update_time)
            values ($1, $1, 'planted ' || $1::uuid::text, 'Planted', $2, now(), now())
        )
        insert into features (tenant_id, name, enabled, updated_by, update_time)
        values ($1, 'planted', true, $2, now() + length($3) * interval '0')
        """,
        "insert into members values ($1, $2, 'member', now() + length($3) * interval '0')",
    ),
    "memory": (
        # What a consolidation proposes until it ends.
        """
        insert into consolidation_proposals (tenant_id, consolidation_id, number, text, source_ids)
        select $1, consolidation_id, 99, $3, array_agg(memory_id)
        from consolidations join consolidation_sources using (tenant_id, consolidation_id)
        where tenant_id = $1 and owner_sub = $2 and namespace = 'shared' group by consolidation_id limit 1
        """,
        "insert into lost_memories values ($1, gen_random_uuid(), 'user:' || $2, length($3))",
        """
        insert into memory_sources (tenant_id, memory_id, owner_sub, speaker, source_class, source_id, learn_time)
        select $1, memory_id, $2, $2, 1, $3, now() from memories where tenant_id = $1 and owner_sub = $2 limit 1
        """,
        # By the release before this one.
        """
        insert into memory_terms (tenant_id, namespace, term, memory_id, frequency)
        select $1, namespace, $3, memory_id, 1 from memories where tenant_id = $1 and owner_sub = $2 limit 1
        """,
    ),
}


async def put_rows(dsn: str, house: str, tenant: TenantId, sub: str, canaries: Canaries) -> None:
    """Put them into the tables of a house; each of them must find its place."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": f"{house}, public"})
    try:
        for statement in (*SHARED, *OWN[house]):
            done = await connection.execute(statement, tenant, sub, canaries.plant(f"rows of {house}"))
            assert not done.endswith(" 0"), f"nothing was planted in {house} by {statement}"
    finally:
        await connection.close()
