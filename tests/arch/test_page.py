"""The built page: small, whole, and asking nobody else for anything."""

import gzip
import re

from tests.arch.source import ROOT, need

STATIC = ROOT / "edge" / "static"
COMPRESSED_BYTES = 150_000
# What a browser would fetch: an address in a tag, a style or a call.
FETCHED = re.compile(r"""(?:src|href|url|import|fetch|WebSocket)\s*[=(]?\s*["'`(]\s*(?:https?:|wss?:|//)[^"'`)]*""")
ADDRESS = re.compile(r"""(?:https?|wss?)://[\w.-]+\.\w+[^"'`\s]*""")
# Names of XML, and where a sentence of the Markdown parser asks for reports: nothing that is fetched.
WORDS = ("http://www.w3.org/", "https://github.com/markedjs/marked")
RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![\w-])|\b(?:rgb|hsl|oklch)a?\(")


def test_all_of_its_code_is_small() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.glob("*.js")}
    assert sizes, "there is no built page: run `.venv/bin/poe page`"
    assert sum(sizes.values()) < COMPRESSED_BYTES, sizes


def test_it_names_no_other_host() -> None:
    found = [
        f"{path.name}: {address}"
        for path in sorted(STATIC.iterdir())
        for pattern in (ADDRESS, FETCHED)
        for address in pattern.findall(path.read_text("utf-8"))
        if not any(name in address for name in WORDS)
    ]
    need(found, "addresses of others in the page")


def test_its_document_has_no_code_and_no_style_of_its_own() -> None:
    document = (STATIC / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", document, re.DOTALL)
    assert scripts
    assert all('src="/static/' in attributes and not body.strip() for attributes, body in scripts)
    assert not re.search(r"<style|\sstyle=|\son\w+=", document)


def test_only_the_tokens_name_colours() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in sorted((ROOT / "web" / "src").rglob("*.ts"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if RAW_COLOUR.search(line) and "&#" not in line
    ]
    need(found, "raw colours outside web/src/design/tokens.css")


def test_no_file_of_the_page_is_long() -> None:
    counted = ((path, path.read_text("utf-8").count("\n")) for path in (ROOT / "web" / "src").rglob("*.*"))
    need([f"{path.relative_to(ROOT)} {lines} lines" for path, lines in counted if lines > 300], "files over 300 lines")
