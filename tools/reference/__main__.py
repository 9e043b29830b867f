"""`python -m tools.reference [--check]`: write `docs/reference/` from the code, or prove that it is fresh."""

import sys

from tools.reference.pages import FOLDER, pages, stale


def main(words: list[str]) -> int:
    changed = stale()
    if words == ["--check"]:
        for path in changed:
            print(f"docs/reference/{path} is not what the code says")
        print("docs/reference/ is fresh" if not changed else "Run `.venv/bin/poe docs` and commit what it makes.")
        return int(bool(changed))
    new = pages()
    for path in changed:
        target = FOLDER / path
        if path not in new:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(new[path], encoding="utf-8")
    print(f"docs/reference/ is up to date: {len(new)} pages, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
