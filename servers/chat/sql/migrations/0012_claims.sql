-- The life of the process that claimed an intent: when no instance has this epoch any more, the claim is nobody's. Null where a
-- program of the release before claimed it; then the lease alone ends the claim.
alter table intents add column claim_epoch bigint;
