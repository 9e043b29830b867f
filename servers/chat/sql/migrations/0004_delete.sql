-- An intent that is given up becomes a dead letter, so that every intent here is one to be delivered, whatever its status says:
-- one that was parked is tried once more and, since its time is over, goes the same way if that does not help. The column
-- stays for programs of the release before, which write it; it goes with a later one.
drop index intents_due;
create index intents_due on intents (next_time);
