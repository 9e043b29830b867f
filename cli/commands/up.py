"""`somastack up`: brings the mesh up and prints the address of the page.

Nothing here knows the steps; `cli/stack/coming_up.py` does.
"""

from typing import Annotated

import typer


def up(
    kafka: Annotated[
        bool | None, typer.Option("--kafka/--no-kafka", help="Run a Kafka beside the services, and send events there.")
    ] = None,
    redis: Annotated[
        bool | None, typer.Option("--redis/--no-redis", help="Run a Redis beside the services, for signals and limits.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Start everything on this machine and wait until it serves.

    Makes keys, passwords and the database at the first start. Safe to repeat: what runs goes on, what is missing is
    started; when settings or code have changed, everything is started anew. Progress goes to standard error; the last
    line on standard output is the address of the page. With --json: {"page", "home", "changed", "model", "offline"}.

    --kafka and --redis are remembered for this installation until --no-kafka and --no-redis. Events that were published
    before stay where they were: on the bus of PostgreSQL, or in that Kafka. It listens on the loopback and asks nobody
    who they are: it is for development.

    Examples:  somastack up  ·  OPENAI_API_KEY=sk-… somastack up  ·  SOMA_PORT_SHIFT=3000 somastack up  ·
    somastack up --kafka --redis
    """
    import asyncio

    from cli.doors import visit
    from cli.model_calls import default_model
    from cli.render import Progress, print_line
    from cli.stack.beside import Beside
    from cli.stack.coming_up import come_up
    from config import load_settings
    from config.values import OFFLINE

    with Progress() as progress:
        done = asyncio.run(come_up(load_settings(), progress, Beside(kafka, redis)))
    model = asyncio.run(visit(done.settings, default_model))
    offline = model.provider == OFFLINE
    if as_json:
        import json

        told = {"page": done.settings.page_url, "home": str(done.settings.home), "changed": done.changed}
        print_line(json.dumps({**told, "model": model.model_profile_id, "offline": offline}))
        return
    if offline:
        print_line("No model is configured, so answers come from the built-in offline one. Add one with:")
        print_line("  .venv/bin/somastack model add openai")
    else:
        print_line(f"Answers come from {model.model_profile_id} ({model.provider}).")
    ready = "SomaStack is up" if done.changed else "SomaStack was up already"
    print_line(f"{ready}. Chat at {done.settings.page_url}")
