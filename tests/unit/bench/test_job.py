"""Jobs and outcomes as they travel between processes."""

import json

from bench.load.job import Door, Job, Outcome, Pace


def test_a_job_and_an_outcome_arrive_as_they_were_sent() -> None:
    job = Job(Door.SOCKET, "ws://here/chat", ("one", "two"), Pace.OPEN, roots=(1, 2), rate=12.5)
    assert Job.from_json(json.loads(json.dumps(job.to_json()))) == job
    outcome = Outcome(seconds=1.5, turns=3, first_token_ms=[1.0, 2.0], failures=["why"])
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome
