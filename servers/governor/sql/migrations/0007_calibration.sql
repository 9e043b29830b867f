-- How well AIQ was predicted, by model, and what people said of answers: both follow the receipt in its own statement.

-- What a person said of the answer: true for good, false for bad, null where nobody did. It may come before the settlement.
alter table receipts add column feedback boolean;

-- Sums over the settled turns of a model whose predicted AIQ lies in [10 · bin, 10 · bin + 10), in millionths: whole numbers, so
-- that what feedback moves is taken out again exactly.
create table calibration (
    tenant_id uuid not null,
    model text not null,
    bin smallint not null check (bin between 0 and 9),
    turns bigint not null,
    predicted bigint not null,
    observed bigint not null,
    absolute_error bigint not null,
    primary key (tenant_id, model, bin)
) with (fillfactor = 50);

alter table calibration enable row level security;
alter table calibration force row level security;
create policy tenant on calibration
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update on calibration to :app;

-- Counts what was observed beside what was predicted; p_before is what was observed before, null for a turn that is new.
create function calibrate(
    p_tenant uuid, p_model text, p_predicted double precision, p_observed double precision, p_before double precision
) returns void
language plpgsql as $$
declare
    v_predicted bigint := round(p_predicted * 1000000);
    v_observed bigint := round(p_observed * 1000000);
    v_before bigint := round(p_before * 1000000);
begin
    insert into calibration as c (tenant_id, model, bin, turns, predicted, observed, absolute_error)
    values (
        p_tenant, p_model, least(9, floor(p_predicted / 10)), 1, v_predicted, v_observed, abs(v_observed - v_predicted)
    )
    on conflict (tenant_id, model, bin) do update set
        turns = c.turns + (v_before is null)::int,
        predicted = c.predicted + case when v_before is null then v_predicted else 0 end,
        observed = c.observed + v_observed - coalesce(v_before, 0),
        absolute_error = c.absolute_error + abs(v_observed - v_predicted) - coalesce(abs(v_before - v_predicted), 0);
end
$$;

-- The second half of the receipt, and what is learned from it; answers what a person had said before, null for nothing.
create function finish_receipt(
    p_tenant uuid, p_turn uuid, p_settlement bytea, p_aiq_observed double precision, p_now timestamptz,
    p_tools text[], p_attempts bigint[], p_successes bigint[], p_model text, p_output_tokens bigint,
    out finished boolean, out feedback boolean
)
language plpgsql as $$
declare
    v_predicted double precision;
begin
    perform enter_tenant(p_tenant);
    update receipts r set settlement = p_settlement, aiq_observed = p_aiq_observed, settle_time = p_now
    where r.tenant_id = p_tenant and r.turn_id = p_turn
    returning r.aiq_predicted, r.feedback into v_predicted, finish_receipt.feedback;
    finished := true;
    if v_predicted is not null then
        perform calibrate(p_tenant, p_model, v_predicted, p_aiq_observed, null);
    end if;
    if cardinality(p_tools) > 0 then
        insert into tool_calls (tenant_id, tool, attempts, successes)
        select p_tenant, t.tool, t.attempts, t.successes
        from unnest(p_tools, p_attempts, p_successes) as t (tool, attempts, successes)
        on conflict (tenant_id, tool) do update
        set attempts = tool_calls.attempts + excluded.attempts, successes = tool_calls.successes + excluded.successes;
    end if;
    if p_output_tokens > 0 then
        insert into output_lengths (tenant_id, model, turns, tokens) values (p_tenant, p_model, 1, p_output_tokens)
        on conflict (tenant_id, model) do update
        set turns = output_lengths.turns + 1, tokens = output_lengths.tokens + excluded.tokens;
    end if;
end
$$;

-- As the release before calls it: its turns are calibrated too, and what had been said before waits for what is said next.
create or replace function close_receipt(
    p_tenant uuid, p_turn uuid, p_settlement bytea, p_aiq_observed double precision, p_now timestamptz,
    p_tools text[], p_attempts bigint[], p_successes bigint[], p_model text, p_output_tokens bigint
) returns boolean
language sql as $$
    select finished from finish_receipt(
        p_tenant, p_turn, p_settlement, p_aiq_observed, p_now, p_tools, p_attempts, p_successes, p_model, p_output_tokens
    );
$$;

-- What a person said of an answer, with what is observed by it; for a receipt that is not settled, only what they said.
create function rate_receipt(
    p_tenant uuid, p_turn uuid, p_feedback boolean, p_settlement bytea, p_aiq_observed double precision
) returns void
language plpgsql as $$
declare
    v_known receipts%rowtype;
begin
    select r.* into v_known from receipts r where r.tenant_id = p_tenant and r.turn_id = p_turn for update;
    update receipts set
        feedback = p_feedback,
        settlement = case when v_known.settlement is null then null else p_settlement end,
        aiq_observed = case when v_known.settlement is null then null else p_aiq_observed end
    where tenant_id = p_tenant and turn_id = p_turn;
    if v_known.settlement is not null then
        perform calibrate(p_tenant, v_known.model, v_known.aiq_predicted, p_aiq_observed, v_known.aiq_observed);
    end if;
end
$$;
