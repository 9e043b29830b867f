"""What a tenant has, so that each statement of the house has rows to find, and what is changed for some of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from soma_common.testing.clock import SetClock
from tests.rpc.memory.attacks import Estate
from tests.rpc.memory.twins import ONE, TWINS

NOW: Final = SetClock().now()
LONG_AGO: Final = NOW - timedelta(days=90)
TODAY: Final = date(2026, 1, 1)
GONE: Final = UUID("0198c0de-0000-7000-8000-0000000000a1")
RUNNING: Final = UUID("0198c0de-0000-7000-8000-0000000000a2")
ELSEWHERE: Final = UUID("0198c0de-0000-7000-8000-0000000000a3")
ERASURE: Final = UUID("0198c0de-0000-7000-8000-0000000000a4")
SWEEP: Final = UUID("0198c0de-0000-7000-8000-0000000000a5")
NEW: Final = UUID("0198c0de-0000-7000-8000-0000000000a6")
SPACE: Final = "another/1"
BUILT_IN: Final = "static-words-256/227343b505c1"
VECTOR: Final = "[" + ",".join(["0.0625"] * 256) + "]"
PERSON: Final = "set local soma.erased_person = 'ada'; set local soma.erased_as = 'someone';"
QUARANTINE: Final = f"""
insert into quarantines (tenant_id, quarantine_id, source_id, reason, owner_sub, start_time)
values ('{ONE}', '{GONE}', 'elsewhere', '', '', now());
"""

# What the others have and the one has not.
OTHERS: Final = "unnest(array[{}]::uuid[]) as other (tenant_id)".format(", ".join(f"'{each}'" for each in TWINS))
FORGOTTEN: Final = f"""
insert into forgotten_sources (tenant_id, source, owner_sub, ended, forget_time, request_id)
select tenant_id, 'source/other', '', true, now(), '{GONE}' from {OTHERS}
"""
ERASED: Final = f"""
insert into erasures (tenant_id, erasure_id, subject_hash, salt, start_time)
select tenant_id, '{GONE}', sha256('\\x00'::bytea || convert_to('max', 'UTF8')), '\\x00', now() from {OTHERS}
"""

# Of those elsewhere, some are nearer.
WALKED: Final = f"""
update pg_class set reltuples = 4 where relname like 'memory_vectors_graph%';
update memory_vectors set embedding = '{VECTOR.replace("[0.0625", "[0.25")}' where tenant_id = '{ONE}'
"""
# A log of which the older half goes.
FULL: Final = f"""
update namespace_sizes set logged = 30000;
insert into memory_changes select tenant_id, namespace, n, md5(namespace || n)::uuid
from namespace_sizes, generate_series(1, 10050) n where namespace = 'shared' and tenant_id in ('{ONE}', '{TWINS[0]}');
"""
# Changes of some memories here, and of others elsewhere.
LOGGED: Final = """
delete from memory_changes; update namespace_sizes set pruned_seq = 0, change_seq = 50 where namespace = 'user:ada';
insert into memory_changes select distinct m.tenant_id, 'user:ada', 10 * o.number, o.memory_id
from memories m, unnest(array[{mine}]::uuid[]) with ordinality as o (memory_id, number) where m.tenant_id = :one;
insert into memory_changes select distinct m.tenant_id, 'user:ada', 10 + o.number, o.memory_id
from memories m, unnest(array[{others}]::uuid[]) with ordinality as o (memory_id, number) where m.tenant_id <> :one
""".replace(":one", f"'{ONE}'")
# One row here and one of another tenant in one statement.
BOTH: Final = """
insert into memories
select (jsonb_populate_record(m, jsonb_build_object('tenant_id', o.tenant_id, 'memory_id', o.memory_id, 'text_key',
    '\\x' || md5(o.memory_id::text)))).*
from memories m, unnest($1::uuid[], $2::uuid[]) as o (tenant_id, memory_id) where m.tenant_id = $3 and m.memory_id = $4
"""
# Others have the place of a memory in another one.
HELD: Final = """
update memories m set text_key = sha256(uuid_send(memory_id)), coordinate = 'none'
where memory_id = '{m9}' and tenant_id <> '{one}';
update memories m set {column} = o.{column}, namespace = o.namespace, subject = o.subject, hidden_by = 0,
    retire_time = null, retire_reason = null
from memories o
where m.memory_id = '{m10}' and m.tenant_id = '{twin}' and o.memory_id = '{m9}' and o.tenant_id = '{one}';
""".replace("{twin}", str(TWINS[0]))

PAST: Final = """
update memories set retire_time = null, retire_reason = null, text_key = substring(text_key for 32)
where retire_reason = 2;
delete from swept_memories;
insert into swept_memories (tenant_id, sweep_id, memory_id, reason, retention)
select tenant_id, sweep_id, :m2, 2, 0.5 from sweeps;
update memories m set retire_time = w.sweep_time, retire_reason = 2, text_key = text_key || uuid_send(memory_id)
from sweeps w where memory_id = :m2;
insert into memory_sources (tenant_id, memory_id, owner_sub, speaker, source_class, source_id, conversation_id,
    learn_time)
select tenant_id, memory_id, 'bob', '', 1, 'elsewhere', :elsewhere, learn_time
from memories where memory_id in (:m4, :m5, :m6, :m15);
insert into memory_versions (tenant_id, memory_id, version, kind, text, payload, subject, speaker, trust, importance,
    tags, token_count, pinned, coordinate, valid_from, change_time, change_sub)
select tenant_id, memory_id, number, kind, 'before', payload, subject, speaker, trust, importance, tags, token_count,
    pinned, coordinate, valid_from, valid_from, case when number = 4 and memory_id = :m7 then 'ada' else 'bob' end
from memories, generate_series(2, 4, 2) number where memory_id in (:m7, :m8);
update memories set version = 5 where memory_id in (:m7, :m8);
update memories set coordinate = '1,2', namespace = 'shared' where memory_id = :m9;
update memories set predicate = 'likes', object = 'tea', subject = 'ada', namespace = 'shared' where memory_id = :m12;
update memories set retire_time = :old, retire_reason = 4, superseded_by = :m14,
    text_key = text_key || uuid_send(memory_id)
where memory_id = :m13;
update memories set owner_sub = 'eve' where memory_id = :m5;
update memories set derived_from = array[:m0, :m1]::uuid[], trust = 0.4 where memory_id = :m15;
update memories set derived_from = array[:m15]::uuid[] where memory_id = :m16;
update memories set expire_time = :old, namespace = 'shared' where memory_id = :m17;
update memories set valid_to = :old, valid_from = :older, namespace = 'shared' where memory_id = :m18;
insert into memory_origins (tenant_id, origin_id, memory_id)
values (:one, :m0, :m15), (:one, :m1, :m15), (:one, :m15, :m16), (:one, :gone, :m16);
insert into memory_ghosts (tenant_id, memory_id, conversation_id, source_key)
values (:one, :gone, :elsewhere, source_key(:one, 'elsewhere'));
insert into memory_uses (tenant_id, memory_id, turn_id, use_time)
select tenant_id, memory_id, md5(memory_id::text)::uuid, :old from memories where memory_id in (:m0, :m1, :m23);
insert into memory_vectors (tenant_id, namespace, memory_id, embedding, embedding_version)
select m.tenant_id, m.namespace, m.memory_id, :vector, space
from memories m, unnest(array[:space, :built_in, 'static-minilm-256/227343b505c1']) as space
where m.memory_id in (:m0, :m1, :m2, :m7);
insert into memory_embeddings (tenant_id, memory_id, embedding_version, vector)
select tenant_id, memory_id, :space, '\\x00' from memories where memory_id in (:m0, :m1, :m2);
insert into memory_terms (tenant_id, namespace, term, memory_id, frequency)
select tenant_id, namespace, 'gardener', memory_id, 1 from memories where memory_id in (:m0, :m1, :m2, :m7);
insert into memory_imports (tenant_id, owner_sub, request_id, origin_id, memory_id, outcome, import_time)
values (:one, 'ada', :gone, :gone, :m0, 1, :old);
insert into daily_writes (tenant_id, day, slot, stored) values (:one, '2026-01-01', 0, 7), (:one, '2025-11-01', 0, 7)
on conflict (tenant_id, day, slot) do update set stored = 7;
insert into erasures (tenant_id, erasure_id, subject_hash, salt, start_time, end_time)
values (:one, :erasure, sha256('\\x00'::bytea || convert_to('zoe', 'UTF8')), '\\x00', :old, :old);
insert into erased_stores (tenant_id, erasure_id, house, store, state, erased_count, found_count, sentence)
values (:one, :erasure, 'memory', 'rows', 1, 1, 0, '');
insert into lost_memories (tenant_id, memory_id, namespace, version) values (:one, :gone, 'shared', 1);
insert into upkeep (tenant_id, due_time, sweep_time) values (:one, '2030-01-01', '2030-01-01') on conflict do nothing;
insert into consolidations (tenant_id, consolidation_id, namespace, owner_sub, state, start_time)
values (:one, :running, 'user:bob', 'bob', 1, :old);
insert into consolidation_sources (tenant_id, consolidation_id, memory_id, text_hash, rested)
select tenant_id, :running::uuid, memory_id, sha256(convert_to(text, 'UTF8')), false from memories
where namespace = 'user:bob' and hidden_by = 0 and retire_time is null;
insert into consolidation_proposals (tenant_id, consolidation_id, number, text, source_ids)
values (:one, :running, 1, 'a fact', array[:m2]::uuid[]);
insert into sweeps (tenant_id, sweep_id, owner_sub, min_retention, sweep_time, undo_until)
values (:one, :sweep, 'ada', 0.1, :older, :older);
insert into swept_memories (tenant_id, sweep_id, memory_id, reason, retention) values (:one, :sweep, :m1, 2, 0.1);
insert into forgotten_sources (tenant_id, source, owner_sub, ended, forget_time, request_id)
values (:one, 'source/elsewhere', '', false, :old, :gone);
"""


def past(estate: Estate) -> str:
    """Statements of what a tenant has besides what `settle` gave it."""
    values = {f"m{number}": f"'{it}'" for number, it in enumerate(estate.ids["memories"])}
    values |= {
        "one": f"'{ONE}'::uuid", "gone": f"'{GONE}'", "running": f"'{RUNNING}'", "elsewhere": f"'{ELSEWHERE}'",
        "erasure": f"'{ERASURE}'", "sweep": f"'{SWEEP}'", "vector": f"'{VECTOR}'", "space": f"'{SPACE}'",
        "built_in": f"'{BUILT_IN}'", "older": "'2025-06-01 12:00+00'::timestamptz",
        "old": "'2025-10-03 12:00+00'::timestamptz",
    }  # fmt: skip
    text = PAST
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f" :{name}", f" {values[name]}").replace(f"(:{name}", f"({values[name]}")
        text = text.replace(f"[:{name}", f"[{values[name]}")
    return text


def held(column: str, memories: Sequence[object], number: int = 9) -> str:
    """Others have what a memory has here in another one."""
    return HELD.format(column=column, m9=memories[number], m10=memories[10], one=ONE)


def same_elsewhere(memory_id: object) -> str:
    """Others have a memory already of the id that one is stored under here."""
    apart = "'coordinate', '', 'text_key', '\\x02'"
    made = f"jsonb_populate_record(m, jsonb_build_object('memory_id', '{memory_id}', {apart}))"
    return f"insert into memories select ({made}).* from memories m where m.coordinate = '1,2' and tenant_id <> '{ONE}'"
