-- What a participant knows of steps, in the transaction of its effect. Two that meet wait for one another at the key.

-- name: act
insert into saga_fences as f (tenant_id, effect_key, done, refused) values ($1, $2, true, false)
on conflict (tenant_id, effect_key) do update set done = true where not f.refused
returning true;

-- name: undo
insert into saga_fences as f (tenant_id, effect_key, done, refused) values ($1, $2, false, true)
on conflict (tenant_id, effect_key) do update set refused = true
returning f.done;
