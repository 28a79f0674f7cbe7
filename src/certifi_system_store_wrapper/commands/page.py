"""`--html`: what `doctor` and `list` found as one page, for a ticket; it loads and runs nothing."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from ..printable import printable
from ..publishing.writing import replace
from ..reporting.findings import first_and_more
from ..settings import EVERY_SOURCE
from .environment import NAME
from .list import notes
from .output import Report, row


class _Element(str):
    """HTML; any other text is escaped when it is put into an element."""

    __slots__ = ()


_HEAD = _Element("""
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --edge: #d0d7de;
  --problem: #b3261e; --note: #7a4d00; --ok: #116329 }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --edge: #3d444d;
  --problem: #ff9b93; --note: #f0c674; --ok: #7ee787 } }
body { max-width: 75rem; margin: auto; padding: 1rem; overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, sans-serif; background: var(--page); color: var(--text) }
h1 { font-size: 1.5rem; line-height: 1.2 } h2 { font-size: 1.2rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 }
table { border-collapse: collapse; width: 100% }
tr { border-bottom: 1px solid var(--edge) }
th, td { padding: .4rem 1rem .4rem 0; text-align: left; vertical-align: top }
tbody th { font-weight: normal }
.word, [scope=col] { overflow-wrap: normal } .day { white-space: nowrap }
code { font: .85em ui-monospace, Consolas, Menlo, monospace }
.problem, .note, .ok { font-weight: bold }
.problem { color: var(--problem) } .note { color: var(--note) } .ok { color: var(--ok) }
</style>
""")
# What `doctor HOST` went to, and by which way.
_ROUTE = ("host", "port", "proxy")


def write(report: Report, path: str) -> Report:
    """Write the answer as a page; return where it is, with the status; raises OSError."""
    data = report.data
    title = " ".join([NAME, data["command"], *filter(None, [data.get("host")])])
    about = {**data.get("here", {}), **{key: data[key] for key in _ROUTE if data.get(key)}}
    about["made"] = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    parts = _doctor(data) if data["command"] == "doctor" else _list(data)
    main = _tag("main", _tag("h1", title), _facts(about), *parts)
    page = _tag("html", _HEAD, _tag("title", title), _tag("body", main), lang="en")
    replace(path, f"<!DOCTYPE html>\n{page}\n".encode())
    return report._replace(data={**data, "page": path}, lines=[row("page", path)])


def _doctor(data: Dict[str, Any]) -> Iterator[_Element]:
    """Yield the findings, and of a server what it presents and who trusts it."""
    result = "ok" if data["healthy"] else "problem"
    said = "Nothing is wrong." if data["healthy"] else "A problem was found."
    yield _tag("p", said, class_=result)
    yield _tag("h2", "Findings")
    found = [(_level(each), _lines(each["message"], each["remedy"])) for each in data["findings"]]
    yield _table(("Result", "What was found, and what helps"), found)
    if data.get("chain"):
        from .doctor import server

        yield _tag("h2", "What the server presents")
        marked = [(each, server.marks(number, each)) for number, each in enumerate(data["chain"])]
        yield _certificates((each, [_issuer(each), *said]) for each, said in marked)
        yield _tag("h2", "Who trusts the server")
        yield _table(("Roots", "Verdict", "Used by"), server.verdicts(data["trusts"]))


def _issuer(each: Dict[str, Any]) -> str:
    return f"issued by {each['issuer'] or 'unknown'}"


def _level(finding: Dict[str, str]) -> _Element:
    level = _tag("span", finding["level"], class_=finding["level"])
    return _tag("div", _lines(level, finding["check"]), class_="word")


def _list(data: Dict[str, Any]) -> Iterator[_Element]:
    """Yield the certificates below the first source that has them, and what was left out."""
    kept = [] if data["excluded"] else data["certificates"]
    yield _tag("p", f"{len(kept)} of the {data['in_bundle']} certificates in the bundle are here.")
    for source in EVERY_SOURCE:
        yield from _section(source, [each for each in kept if each["sources"][0] == source])
    yield from _section("left out", data["left_out"])


def _section(name: str, found: Sequence[Dict[str, Any]]) -> Iterator[_Element]:
    if found:
        yield _tag("h2", f"{name}: {len(found)}")
        yield _certificates((each, [*_places(each), *notes(each)]) for each in found)


def _places(each: Dict[str, Any]) -> List[str]:
    """Return who has a certificate, and why it was left out, if it was."""
    if "reason" not in each:
        return [f"in {', '.join(each['sources'])}"]
    return [f"in {first_and_more(each['paths'])}", each["reason"], each["detail"]]


def _certificates(noted: Iterable[Tuple[Dict[str, Any], Sequence[str]]]) -> _Element:
    """Return a table of certificates, each with what is to be said of it."""
    rows = [
        (
            _lines(each["subject"] or "no subject", _tag("code", each["sha256"]), *said),
            _tag("span", (each.get("not_after") or "unknown")[:10], class_="day"),
        )
        for each, said in noted
    ]
    return _table(("Certificate, and its SHA-256", "Valid until"), rows)


def _facts(facts: Dict[str, Any]) -> _Element:
    pairs = [
        part
        for name, value in facts.items()
        for part in (_tag("dt", name.replace("_", " ")), _tag("dd", value))
    ]
    return _tag("dl", *pairs)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> _Element:
    """Return a table; the first cell of a row is its header."""
    head = [_tag("th", each, scope="col") for each in columns]
    body = [
        _tag("tr", _tag("th", first, scope="row"), *(_tag("td", each) for each in more))
        for first, *more in rows
    ]
    return _tag("table", _tag("thead", _tag("tr", *head)), _tag("tbody", *body))


def _lines(*parts: str) -> _Element:
    return _Element("".join(_tag("div", part) for part in parts if part))


def _tag(name: str, *inside: object, **attributes: str) -> _Element:
    """Return an element; in `attributes`, Python's own words end with `_`."""
    given = "".join(f' {key.rstrip("_")}="{_safe(value)}"' for key, value in attributes.items())
    return _Element(f"<{name}{given}>{''.join(map(_safe, inside))}</{name}>")


def _safe(text: object) -> _Element:
    """Return text as HTML: without secrets, and with nothing that acts on a browser."""
    return text if isinstance(text, _Element) else _Element(html.escape(printable(text)))
