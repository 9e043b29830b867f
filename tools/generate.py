#!/usr/bin/env python3
"""Generate `gen/` from `proto/`: messages, stubs, types, the descriptor set with comments, and the OpenAPI document.

    generate.py            bring gen/ up to date; files that stay the same are not touched
    generate.py --check    say what differs and end with 1 if gen/ is not what proto/ says

`google.api` comes from googleapis-common-protos, never from here; `buf.validate` is made from `third_party/proto`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
THIRD_PARTY = ROOT / "third_party" / "proto"
GEN = ROOT / "gen"
BIN = Path(sys.executable).parent
VALIDATE = "buf/validate/validate.proto"
DESCRIPTORS = "soma/descriptors.binpb"
OPENAPI = "soma/openapi.json"
PACKAGES = ("soma", "buf")


def include_flags() -> list[str]:
    """Where the compiler looks: our contracts, the pinned copies, and the types protoc brings itself."""
    well_known = Path(str(distribution("grpcio-tools").locate_file("grpc_tools/_proto")))
    return [f"-I{folder}" for folder in (PROTO, THIRD_PARTY, well_known)]


def run_protoc(*words: str) -> None:
    """Run the compiler; its complaints have gone to standard error already when this ends the program."""
    plugins = (f"--plugin=protoc-gen-{name}={BIN / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc"))
    if protoc.main(["protoc", *plugins, *include_flags(), *words]) != 0:
        sys.exit("The contracts do not compile: mend the lines named above and run it again.")


def describe(sources: Iterable[str], target: Path) -> FileDescriptorSet:
    """Write every file with its imports as one descriptor set; only our own files keep their comments."""
    target.parent.mkdir(parents=True, exist_ok=True)
    run_protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={target}", *sources)
    files = FileDescriptorSet.FromString(target.read_bytes())
    for file in files.file:
        if not file.name.startswith("soma/"):
            file.ClearField("source_code_info")
    target.write_bytes(files.SerializeToString(deterministic=True))
    return files


def generate(into: Path) -> None:
    """Write everything that belongs in `gen/` into the given folder."""
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    described = describe(sources, into / DESCRIPTORS)
    served = [file.name for file in described.file if file.service and file.name in sources]
    run_protoc(f"--python_out={into}", f"--mypy_out=quiet:{into}", *sources, VALIDATE)
    run_protoc(f"--grpc_python_out={into}", f"--mypy_grpc_out=quiet,only_async:{into}", *served)
    for package in PACKAGES:
        write_package_files(into, into / package)
    write_openapi(into)


def write_openapi(into: Path) -> None:
    """Write the OpenAPI document in a process of its own: it reads the modules that were made just now, not ours."""
    words = [sys.executable, "-m", "tools.openapi", str(into / DESCRIPTORS), str(into / OPENAPI)]
    paths = {"PYTHONPATH": f"{into}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    if subprocess.run(words, env={**os.environ, **paths}, cwd=ROOT, check=False).returncode != 0:
        sys.exit("The OpenAPI document cannot be made of these contracts: mend what is named above and run it again.")


def write_package_files(root: Path, package: Path) -> None:
    """Make every folder of generated modules a package, typed at its top."""
    (package / "py.typed").touch()
    for folder in (package, *(path for path in sorted(package.rglob("*")) if path.is_dir())):
        name = folder.relative_to(root).as_posix().replace("/", ".")
        (folder / "__init__.py").write_text(f'"""The generated contracts of `{name}`; made by tools/generate.py."""\n')


def contents(root: Path) -> dict[str, bytes]:
    """Every generated file below a root, by its relative path."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(new: dict[str, bytes], old: dict[str, bytes]) -> list[str]:
    """The paths that are missing, changed or no longer made."""
    return sorted(path for path in new.keys() | old.keys() if new.get(path) != old.get(path))


def write_changes(changed: Iterable[str], new: dict[str, bytes]) -> None:
    """Bring `gen/` up to date, touching only what differs."""
    for path in changed:
        target = GEN / path
        if path not in new:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(target.name + ".new")
        beside.write_bytes(new[path])
        beside.replace(target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if gen/ is stale")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soma-gen-") as folder:
        generate(Path(folder))
        new = contents(Path(folder))
    changed = differences(new, contents(GEN))
    if options.check:
        for path in changed:
            print(f"gen/{path} is not what proto/ says")
        print("gen/ is fresh" if not changed else "Run `.venv/bin/poe gen` and commit what it makes.")
        return int(bool(changed))
    write_changes(changed, new)
    print(f"gen/ is up to date: {len(new)} files, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
