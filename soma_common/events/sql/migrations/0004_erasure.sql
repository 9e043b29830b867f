-- Whoever may write to the bus may take a person's name out of what lies there: its place and order stay.
grant update (body) on entries to :relay;
