"""`somastack governor`: what the planner works with, in versions, and how well it predicted.

Nothing here plans; the governor does. Its configuration stands in `governor_config.py`.
"""

from typing import Annotated

import typer

from cli.commands import governor_config

app = typer.Typer(help="Tune the planner, and see how well it predicts.", no_args_is_help=True)
app.add_typer(governor_config.app, name="config")


@app.callback()
def _group() -> None:
    """Tune the planner, and see how well it predicts."""


@app.command("calibration")
def calibration(
    bins: Annotated[bool, typer.Option("--bins", help="What became of the predictions, by tens.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show how far the predicted AIQ was from the observed one, by model; nothing is corrected by it.

    ERROR is the mean of observed minus predicted, ABSOLUTE that of its size; the CALIBRATION ERROR says how far the
    means are apart where turns are taken together by tens of predicted AIQ. With --json: {"calibration":
    [soma.governor.v1.Calibration …]}.

    Examples:  somastack governor calibration  ·  somastack governor calibration --bins
    """
    from cli.doors import reach
    from cli.governing.configs import calibration as read
    from cli.render import Progress, print_line, print_table
    from cli.views.governor import BIN_HEADINGS, CALIBRATION_HEADINGS, bin_rows, calibration_row
    from cli.views.words import to_json, to_object

    found = reach(read)
    if as_json:
        print_line(to_json({"calibration": [to_object(each) for each in found]}))
    elif not found:
        Progress().note("No turn was settled yet, so there is nothing to compare.")
    elif bins:
        print_table(BIN_HEADINGS, list(bin_rows(found)))
    else:
        print_table(CALIBRATION_HEADINGS, [calibration_row(each) for each in found])
