-- name: read_mind
-- Column by column: what is sent as a row of a table is refused by a driver that knew the table before it grew.
select
    (m.state).version, (m.state).state_values, (m.state).baseline, (m.state).as_of, (m.state).recent_failures,
    (m.adaptation).version as adaptation_version, (m.adaptation).weights as adaptation_weights,
    (m.adaptation).learning_rate as adaptation_learning_rate,
    (m.adaptation).feedback_count as adaptation_feedback_count, (m.adaptation).mean_shares as adaptation_mean_shares,
    (m.sleep).version as sleep_version, (m.sleep).state as sleep_state, (m.sleep).previous as sleep_previous,
    (m.sleep).since as sleep_since, (m.sleep).until as sleep_until, (m.sleep).return_states as sleep_return_states,
    (m.sleep).return_untils as sleep_return_untils,
    (m.load).load as load_load, (m.load).open_turns as load_open_turns, (m.load).context_fill as load_context_fill,
    (m.load).error_rate as load_error_rate, (m.load).unconsolidated as load_unconsolidated,
    (m.load).turns_above as load_turns_above, (m.load).above_since as load_above_since, (m.load).time as load_time,
    (m.load).relief as load_relief, (m.load).relief_time as load_relief_time,
    (m.load).last_nrem_time as load_last_nrem_time, (m.load).last_rem_time as load_last_rem_time,
    (m.load).asked_time as load_asked_time,
    m.turn_version, m.turn_after
from read_mind($1, $2, $3) m

-- name: observe_turn
-- A turn, all it leaves, and the event that tells of it; 0 when the state has moved meanwhile.
select case
    when observe_turn(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
        $25, $26, $27, $28
    ) then (
        select count(*) from append_events($1, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)
    )
    else 0
end as written
