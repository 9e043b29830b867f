"""`somastack config`: the settings as they are in force, and where each comes from.

Nothing here changes a setting.
"""

from typing import Annotated

import typer

app = typer.Typer(help="Show the settings.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Show the settings."""


@app.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also what is not set, with its meaning.")] = False,
) -> None:
    """Show every setting with its value and where it comes from; secrets are masked.

    A value comes from the environment, an older name, a file, the first start or the packaged profile; the one that
    is named first here wins.

    Examples:  somastack config show  ·  somastack config show --all  ·  somastack config show --json
    """
    from cli.render import print_line, print_table
    from config import load_settings

    settings = load_settings()
    shown = [item for item in settings.show() if every or as_json or item.value is not None]
    if as_json:
        import json

        rows = [
            {
                "name": item.row.name,
                "value": item.value,
                "source": item.origin.source.value if item.origin else None,
                "place": item.origin.place if item.origin else None,
                "secret": item.row.secret,
                "description": item.row.description,
            }
            for item in shown
        ]
        print_line(
            json.dumps({"home": str(settings.home), "page": settings.page_url, "settings": rows}, ensure_ascii=False)
        )
        return
    cells = [
        (
            item.row.name,
            item.value if item.value is not None else "(not set)",
            f"{item.origin.source.value}: {item.origin.place}" if item.origin else item.row.description,
        )
        for item in shown
    ]
    print_table(("NAME", "VALUE", "FROM"), cells)
    print_line(f"\nData folder: {settings.home}\nPage: {settings.page_url}")
