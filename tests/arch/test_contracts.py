"""The contracts, the generated code and the tables beside them say the same thing."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from soma_common.kernel.reasons import REASONS, Reason
from soma_common.security.methods import METHODS
from tests.arch.source import ROOT, Source, dotted, need, product

PREFIX = "ERROR_REASON_"
NEVER_SENT = "UNSPECIFIED"
ENUM_FIELD, VALUE_FIELD = 5, 2


@cache
def described() -> tuple[FileDescriptorProto, ...]:
    """Our own files of the committed descriptor set, with their comments."""
    files = FileDescriptorSet.FromString((ROOT / "gen/soma/descriptors.binpb").read_bytes()).file
    return tuple(file for file in files if file.name.startswith("soma/"))


def reasons_with_comments() -> Iterator[tuple[str, str]]:
    """Every value of the enum of reasons, without its prefix, with its comment."""
    file = next(file for file in described() if file.name == "soma/common/v1/error_reason.proto")
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    for number, value in enumerate(file.enum_type[0].value):
        yield value.name.removeprefix(PREFIX), comments.get((ENUM_FIELD, 0, VALUE_FIELD, number), "")


def rpcs() -> Iterator[str]:
    for file in described():
        for service in file.service:
            yield from (f"/{file.package}.{service.name}/{method.name}" for method in service.method)


def texts(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.py")))


def test_gen_is_what_proto_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reasons_of_the_code_are_those_of_the_contract() -> None:
    assert [reason.value for reason in Reason] == [name for name, _ in reasons_with_comments() if name != NEVER_SENT]
    assert set(REASONS) == set(Reason)


def test_every_reason_shows_the_metadata_its_sentence_needs() -> None:
    broken = []
    for name, comment in reasons_with_comments():
        if name == NEVER_SENT:
            continue
        shown = re.search(r"Metadata: (\{.*\})", comment)
        keys = set(json.loads(shown.group(1))) if shown else set()
        needed = {field for _, field, _, _ in Formatter().parse(REASONS[Reason(name)].sentence) if field}
        if shown is None or not needed <= keys:
            broken.append(f"{name} shows {sorted(keys)}, its sentence needs {sorted(needed)}")
    need(broken, "reasons without an example of their metadata")


def values_in_use(source: Source) -> Iterator[str]:
    """Dotted names that are handed on: neither compared with something nor one of a set to compare with."""
    sets = (node for node in source.nodes if isinstance(node, ast.Compare | ast.Tuple | ast.Set))
    compared = {id(node) for one in sets for node in ast.iter_child_nodes(one)}
    yield from (dotted(node) for node in source.nodes if isinstance(node, ast.Attribute) and id(node) not in compared)


def test_every_reason_is_raised_somewhere() -> None:
    users = [source for source in product() if source.path != "soma_common/kernel/reasons.py"]
    raised = {name for source in users for name in values_in_use(source)}
    need([reason for reason in Reason if f"Reason.{reason}" not in raised], "reasons that nobody raises")


def test_every_reason_is_asserted_in_a_test() -> None:
    said = set(re.findall(rf"(?:Reason\.|{PREFIX}|[\"'])([A-Z_]+)\b", texts("tests")))
    need([reason for reason in Reason if reason not in said], "reasons without a test")


def test_every_rpc_has_a_row_in_the_method_table() -> None:
    assert set(METHODS) == set(rpcs())


def test_every_service_has_a_package_of_its_area() -> None:
    wrong = [file.name for file in described() if not re.fullmatch(r"soma\.\w+\.v\d+", file.package)]
    need(wrong, "contracts outside soma.<area>.v<number>")
    need(
        [file.name for file in described() if Path(file.name).parent.as_posix() != file.package.replace(".", "/")],
        "moved",
    )
