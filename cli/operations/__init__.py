"""How the commands about dead letters and sagas reach them: calls, partial answers, payloads of events."""
