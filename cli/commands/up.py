"""`somastack up`: brings the mesh up and prints the address of the page.

Nothing here knows the steps; `cli/stack/coming_up.py` does.
"""

from typing import Annotated

import typer


def up(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Start everything on this machine and wait until it serves.

    Makes keys, passwords and the database at the first start. Safe to repeat: what runs goes on, what is missing is
    started; when settings or code have changed, everything is started anew. Progress goes to standard error; the last
    line on standard output is the address of the page. With --json: {"page", "home", "changed", "model", "offline"}.

    Examples:  somastack up  ·  OPENAI_API_KEY=sk-… somastack up  ·  SOMA_PORT_SHIFT=3000 somastack up
    """
    import asyncio

    from cli.render import Progress, print_line
    from cli.stack.coming_up import come_up
    from config import load_settings

    with Progress() as progress:
        done = asyncio.run(come_up(load_settings(), progress))
    model = done.settings.model
    if as_json:
        import json

        told = {"page": done.settings.page_url, "home": str(done.settings.home), "changed": done.changed}
        print_line(json.dumps({**told, "model": model.model, "offline": model.offline}))
        return
    if model.offline:
        print_line("No model is configured, so answers come from the built-in offline one. Set one with:")
        print_line("  OPENAI_API_KEY=<your key> make up")
    else:
        print_line(f"Answers come from {model.model} ({model.provider}).")
    ready = "SomaStack is up" if done.changed else "SomaStack was up already"
    print_line(f"{ready}. Chat at {done.settings.page_url}")
