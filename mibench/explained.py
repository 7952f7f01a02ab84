"""What each field of a dataclass means, in a line, read from where its author wrote it.

In this order: `field(metadata={"doc": "…"})`; the item of a list in the docstring that begins with the field's name, as
in "* `steps`, `batch_size`: at most so many steps, …", or the part of one that names it; and the first sentence of the
docstring that names it. A class that says nothing is asked for what it inherits.
"""

import dataclasses
import inspect
import re

ITEM = re.compile(r"^\* (.+(?:\n  .*)*)", re.MULTILINE)
HEAD = re.compile(r"((?:`\w+`(?:, | and |: ?))+)", re.ASCII)


def field_docs(kind: type) -> dict[str, str]:
    """A line for each field of a dataclass, by name; "" where nothing is said of it."""
    docs = [inspect.cleandoc(one.__dict__.get("__doc__") or "") for one in kind.__mro__ if one is not object]
    items = [" ".join(item.split()).rstrip(";.") for doc in docs for item in ITEM.findall(doc)]
    prose = [sentence for doc in docs for sentence in _sentences(ITEM.sub("", doc))]
    return {
        f.name: str(f.metadata.get("doc") or _of_item(f.name, items) or _naming(f.name, prose))
        for f in dataclasses.fields(kind)
    }


def _of_item(name: str, items: list[str]) -> str:
    for item in items:
        head = HEAD.match(item)
        if head and head[0].rstrip().endswith(":") and f"`{name}`" in head[0]:
            return item[head.end() :]
    return _naming(name, [part for item in items for part in item.split("; ")])


def _naming(name: str, parts: list[str]) -> str:
    """The first part that names the field, without a head that names others."""
    found = next((part for part in parts if f"`{name}`" in part), "")
    head = HEAD.match(found)
    return found[head.end() :] if head and f"`{name}`" not in head[0] and head[0].rstrip().endswith(":") else found


def _sentences(text: str) -> list[str]:
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return [sentence.rstrip(".") for part in paragraphs for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z`])", part)]
