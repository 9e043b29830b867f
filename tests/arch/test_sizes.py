"""How large files and functions may be."""

from tests.arch.source import Function, functions, need, product, sources

FILE_LINES = 450
FUNCTION_LINES = 60
SMALL_FUNCTION_LINES = 35
SMALL_SHARE = 0.9
PARAMETERS = 7


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters(function: Function) -> int:
    spec = function.args
    names = [argument.arg for argument in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_no_file_is_longer_than_the_cap() -> None:
    counted = ((source.path, source.text.count("\n")) for source in sources())
    need([f"{path} {lines} lines" for path, lines in counted if lines > FILE_LINES], f"files over {FILE_LINES} lines")


def test_no_function_is_longer_than_the_cap() -> None:
    long = [
        source.at(function, f"{function.name} {length(function)} lines")
        for source in sources()
        for function in functions(source)
        if length(function) > FUNCTION_LINES
    ]
    need(long, f"functions over {FUNCTION_LINES} lines")


def test_nine_functions_in_ten_are_small() -> None:
    lengths = [length(function) for source in product() for function in functions(source)]
    small = sum(lines < SMALL_FUNCTION_LINES for lines in lengths)
    assert small >= SMALL_SHARE * len(lengths), f"only {small} of {len(lengths)} functions are small"


def test_no_function_takes_too_many_parameters() -> None:
    wide = [
        source.at(function, f"{function.name} {parameters(function)} parameters")
        for source in sources()
        for function in functions(source)
        if parameters(function) > PARAMETERS
    ]
    need(wide, f"functions with over {PARAMETERS} parameters")
