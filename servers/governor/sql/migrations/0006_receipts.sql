-- Receipts by month: made ahead, dropped when they are older than anybody keeps them, and listed without being read.

-- What a list is filtered by, out of the first half of a receipt: fields 3, 4 and 10 of soma.governor.v1.Receipt. For rows of
-- the release before, which does not say it.
create function receipt_subject(p_plan bytea, out conversation_id uuid, out agent_id uuid, out level smallint)
language plpgsql immutable as $$
declare
    v_place integer := 0;
    v_field integer;
    v_wire integer;
    v_number bigint;
    v_shift integer;
    v_byte integer;
    v_tag boolean;
begin
    while v_place < length(p_plan) loop
        v_tag := true;
        loop
            -- A number of seven bits a byte: the tag, then a length or the value itself.
            v_number := 0;
            v_shift := 0;
            loop
                v_byte := get_byte(p_plan, v_place);
                v_place := v_place + 1;
                v_number := v_number | ((v_byte & 127)::bigint << v_shift);
                v_shift := v_shift + 7;
                exit when v_byte < 128;
            end loop;
            exit when not v_tag;
            v_tag := false;
            v_field := v_number >> 3;
            v_wire := v_number & 7;
            -- The fields come in their order, as they are serialised.
            if v_field > 10 or v_wire not in (0, 2) then
                return;
            end if;
        end loop;
        if v_field = 10 then
            level := v_number;
        elsif v_wire = 2 then
            if v_field = 3 and v_number = 36 then
                conversation_id := convert_from(substr(p_plan, v_place + 1, 36), 'UTF8')::uuid;
            elsif v_field = 4 and v_number = 36 then
                agent_id := convert_from(substr(p_plan, v_place + 1, 36), 'UTF8')::uuid;
            end if;
            v_place := v_place + v_number;
        end if;
    end loop;
end
$$;

alter table receipts rename to receipts_before;
alter table receipts_before rename constraint receipts_pkey to receipts_before_pkey;
alter table receipts_before rename constraint receipts_tenant_id_turn_id_key to receipts_before_tenant_id_turn_id_key;

-- As before, but by ranges of the turn's UUIDv7, so that a turn has one receipt whatever its month; ids of another kind are in
-- the rest.
create table receipts (
    receipt_id uuid not null,
    tenant_id uuid not null,
    turn_id uuid not null,
    owner_sub text not null,
    model text not null,
    -- in the order system_policy, history, memory, tools, tool_results, buffer
    lanes_planned integer[] not null check (cardinality(lanes_planned) = 6),
    predicted_output_tokens integer not null,
    aiq_predicted double precision not null,
    aiq_observed double precision,
    plan bytea not null,
    response bytea not null,
    settlement bytea,
    plan_time timestamptz not null,
    settle_time timestamptz,
    conversation_id uuid,
    agent_id uuid,
    -- a soma.common.v1.DegradationLevel
    level smallint,
    primary key (tenant_id, turn_id)
) partition by range (turn_id);
create table receipts_rest partition of receipts default;
create index receipts_by_id on receipts (tenant_id, receipt_id);
create index receipts_of_tenant on receipts (tenant_id, plan_time, receipt_id);
create index receipts_of_owner on receipts (tenant_id, owner_sub, plan_time, receipt_id);
create index receipts_of_conversation on receipts (tenant_id, conversation_id, plan_time, receipt_id)
    where conversation_id is not null;

alter table receipts enable row level security;
alter table receipts force row level security;
create policy tenant on receipts
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table receipts_rest enable row level security;
alter table receipts_rest force row level security;
grant select, insert, update on receipts to :app;

create function fill_receipt() returns trigger
language plpgsql as $$
begin
    select s.conversation_id, s.agent_id, s.level into new.conversation_id, new.agent_id, new.level
    from receipt_subject(new.plan) s;
    return new;
end
$$;
create trigger fill_receipt before insert on receipts for each row when (new.level is null) execute function fill_receipt();

-- As before, for a turn of this agent in this conversation and under these rates.
create function open_receipt(
    p_tenant uuid, p_hold uuid, p_turn uuid, p_tokens bigint, p_micros bigint, p_lease timestamptz, p_now timestamptz,
    p_day timestamptz, p_month timestamptz, p_receipt uuid, p_owner_sub text, p_model text, p_lanes integer[],
    p_predicted_output_tokens integer, p_aiq_predicted double precision, p_plan bytea, p_response bytea,
    p_agent uuid, p_conversation uuid, p_rates bigint[], p_level smallint,
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out scope text, out scope_id text, out period text, out unit text, out spent bigint, out allowed bigint,
    out wait_seconds double precision, out held_until timestamptz
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    select p.* into open_receipt.outcome, open_receipt.hold_id, open_receipt.tokens, open_receipt.micros,
        open_receipt.lease_expire_time, open_receipt.scope, open_receipt.scope_id, open_receipt.period, open_receipt.unit,
        open_receipt.spent, open_receipt.allowed, open_receipt.wait_seconds, open_receipt.held_until
    from place_hold(
        p_tenant, p_hold, p_turn, 1, p_tokens, p_micros, p_lease, p_now, p_day, p_month, true, p_owner_sub, p_agent,
        p_conversation, p_rates
    ) p;
    if open_receipt.outcome = 'granted' then
        insert into receipts (
            receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, plan,
            response, plan_time, conversation_id, agent_id, level
        ) values (
            p_receipt, p_tenant, p_turn, p_owner_sub, p_model, p_lanes, p_predicted_output_tokens, p_aiq_predicted, p_plan,
            p_response, p_now, p_conversation, p_agent, p_level
        );
    end if;
end
$$;

-- Makes the partitions of the months that begin with the given time's and are missing; a month of which the rest already holds
-- receipts is left to it. Answers how many were made.
create function make_receipt_partitions(p_from timestamptz, p_months integer) returns integer
language plpgsql security definer set search_path = :schema, pg_temp as $$
declare
    v_month timestamptz := date_trunc('month', p_from at time zone 'utc') at time zone 'utc';
    v_next timestamptz;
    v_made integer := 0;
    v_name text;
begin
    perform pg_advisory_xact_lock(hashtextextended('soma.receipt_partitions.:schema', 0));
    for v_ahead in 0 .. p_months loop
        v_next := (v_month at time zone 'utc' + interval '1 month') at time zone 'utc';
        v_name := 'receipts_' || to_char(v_month at time zone 'utc', 'YYYYMM');
        if to_regclass(v_name) is null and not exists (
            select from receipts_rest where turn_id >= uuid7_floor(v_month) and turn_id < uuid7_floor(v_next)
        ) then
            execute format('create table %I (like receipts including all)', v_name);
            execute format('alter table %I enable row level security', v_name);
            execute format('alter table %I force row level security', v_name);
            execute format('alter table receipts attach partition %I for values from (%L) to (%L)', v_name,
                uuid7_floor(v_month), uuid7_floor(v_next));
            v_made := v_made + 1;
        end if;
        v_month := v_next;
    end loop;
    return v_made;
end
$$;

-- Drops the months whose turns all began a month before the given time, for a turn may have waited before its plan, and deletes
-- what the rest holds from before it, some thousands at once. Answers how many months were dropped.
create function drop_old_receipts(p_before timestamptz) returns integer
language plpgsql security definer set search_path = :schema, pg_temp as $$
declare
    v_dropped integer := 0;
    v_part record;
begin
    perform pg_advisory_xact_lock(hashtextextended('soma.receipt_partitions.:schema', 0));
    for v_part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'receipts'::regclass and c.relname ~ '^receipts_\d{6}$'
            and to_date(right(c.relname, 6), 'YYYYMM') + interval '2 months' <= p_before at time zone 'utc'
    loop
        execute format('drop table %I', v_part.relname);
        v_dropped := v_dropped + 1;
    end loop;
    delete from receipts_rest where ctid = any(array(
        select ctid from receipts_rest where plan_time < p_before limit 5000
    ));
    return v_dropped;
end
$$;

-- Deletes receipts of a tenant that were planned before the given time, some thousands at once; answers how many.
create function expire_receipts(p_tenant uuid, p_before timestamptz) returns integer
language plpgsql security definer set search_path = :schema, pg_temp as $$
declare
    v_deleted integer;
begin
    delete from receipts r using (
        select o.turn_id from receipts o where o.tenant_id = p_tenant and o.plan_time < p_before limit 5000
    ) as old
    where r.tenant_id = p_tenant and r.turn_id = old.turn_id;
    get diagnostics v_deleted = row_count;
    return v_deleted;
end
$$;

revoke all on function make_receipt_partitions(timestamptz, integer), drop_old_receipts(timestamptz),
    expire_receipts(uuid, timestamptz) from public;
grant execute on function make_receipt_partitions(timestamptz, integer), drop_old_receipts(timestamptz),
    expire_receipts(uuid, timestamptz) to :worker;

-- A receipt by its turn's id, which says its month, or by its own: made when the turn was planned, at most weeks after it began.
create function find_receipt(p_tenant uuid, p_id uuid, out plan bytea, out settlement bytea, out owner_sub text)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_time timestamptz;
begin
    select r.plan, r.settlement, r.owner_sub into find_receipt.plan, find_receipt.settlement, find_receipt.owner_sub
    from receipts r where r.tenant_id = p_tenant and r.turn_id = p_id;
    if found then
        return;
    end if;
    if substr(p_id::text, 15, 1) = '7' then
        v_time := to_timestamp(('x' || translate(left(p_id::text, 13), '-', ''))::bit(48)::bigint / 1000.0);
        select r.plan, r.settlement, r.owner_sub into find_receipt.plan, find_receipt.settlement, find_receipt.owner_sub
        from receipts r
        where r.tenant_id = p_tenant and r.receipt_id = p_id
            and r.turn_id >= uuid7_floor(v_time - interval '35 days') and r.turn_id < uuid7_floor(v_time + interval '1 day');
        if found then
            return;
        end if;
    end if;
    select r.plan, r.settlement, r.owner_sub into find_receipt.plan, find_receipt.settlement, find_receipt.owner_sub
    from receipts r where r.tenant_id = p_tenant and r.receipt_id = p_id;
end
$$;

-- Receipts by the time of their plan, the newest first, those before one of them; null is no restriction. Each way to ask has its
-- own statement, so that each has its index.
create function list_receipts(
    p_tenant uuid, p_owner text, p_conversation uuid, p_agent uuid, p_model text, p_level integer, p_from timestamptz,
    p_to timestamptz, p_before_time timestamptz, p_before_id uuid, p_limit integer
) returns table (receipt_id uuid, plan_time timestamptz, plan bytea, settlement bytea)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    p_from := coalesce(p_from, '-infinity');
    p_to := coalesce(p_to, 'infinity');
    p_before_time := coalesce(p_before_time, 'infinity');
    p_before_id := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    if p_conversation is not null then
        return query
        select r.receipt_id, r.plan_time, r.plan, r.settlement from receipts r
        where r.tenant_id = p_tenant and r.conversation_id = p_conversation and (p_owner is null or r.owner_sub = p_owner)
            and (p_agent is null or r.agent_id = p_agent) and (p_model = '' or r.model = p_model) and (p_level = 0 or r.level >= p_level)
            and r.plan_time >= p_from and r.plan_time < p_to and (r.plan_time, r.receipt_id) < (p_before_time, p_before_id)
        order by r.plan_time desc, r.receipt_id desc limit p_limit;
    elsif p_owner is not null then
        return query
        select r.receipt_id, r.plan_time, r.plan, r.settlement from receipts r
        where r.tenant_id = p_tenant and r.owner_sub = p_owner
            and (p_agent is null or r.agent_id = p_agent) and (p_model = '' or r.model = p_model) and (p_level = 0 or r.level >= p_level)
            and r.plan_time >= p_from and r.plan_time < p_to and (r.plan_time, r.receipt_id) < (p_before_time, p_before_id)
        order by r.plan_time desc, r.receipt_id desc limit p_limit;
    else
        return query
        select r.receipt_id, r.plan_time, r.plan, r.settlement from receipts r
        where r.tenant_id = p_tenant
            and (p_agent is null or r.agent_id = p_agent) and (p_model = '' or r.model = p_model) and (p_level = 0 or r.level >= p_level)
            and r.plan_time >= p_from and r.plan_time < p_to and (r.plan_time, r.receipt_id) < (p_before_time, p_before_id)
        order by r.plan_time desc, r.receipt_id desc limit p_limit;
    end if;
end
$$;

-- The receipts that are there move into their months.
select make_receipt_partitions(b.first_time, b.months)
from (
    select coalesce(min(plan_time), now()) - interval '1 month' as first_time, (
        extract(year from age(now(), coalesce(min(plan_time), now()))) * 12
        + extract(month from age(now(), coalesce(min(plan_time), now())))
    )::integer + 5 as months
    from receipts_before
) as b;
insert into receipts (
    receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, aiq_observed, plan,
    response, settlement, plan_time, settle_time
)
select
    receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, aiq_observed, plan,
    response, settlement, plan_time, settle_time
from receipts_before;
drop table receipts_before;
