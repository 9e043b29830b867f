"""`somastack down`: lets everything finish and stops it.

Nothing here knows the order; `cli/stack/going_down.py` does.
"""


def down() -> None:
    """Stop everything on this machine; the data stay.

    What runs is drained first: answers that are being written end, or can be resumed after the next start. Safe to
    repeat.

    Example:  somastack down
    """
    import asyncio

    from cli.render import Progress, print_line
    from cli.stack.going_down import go_down
    from config import load_settings

    with Progress() as progress:
        ran = asyncio.run(go_down(load_settings(), progress))
    print_line("Everything is stopped; the data stay." if ran else "Nothing was running.")
