"""Writes the reference pages that are the code's own words: messages, reasons, one page a room.

Run by mkdocs-gen-files while the site is built, so that no page can lag behind the code.
"""

import enum
import importlib
import inspect
import pkgutil
import re
import types
import typing

import mkdocs_gen_files
import msgspec

import hybrid_dex
from hybrid_dex.model import commands, events, reasons

SUBSYSTEMS = {
    1: "The order itself",
    2: "Who asks",
    3: "Funds and risk",
    4: "The market",
    5: "Cancel, reduce, replace",
    6: "The chain",
    7: "The message",
    9: "Outages",
}

STAMPS = {
    "sequence": "the command's number; stamped by the exchange",
    "at_ns": "when; stamped by the exchange",
}


def struct_section(kind: type[msgspec.Struct]) -> str:
    """Return one command's or event's section: docstring, and its fields with what they mean."""
    text, _, attributes = (inspect.getdoc(kind) or "").partition("\nAttributes:\n")
    meanings = {
        name: " ".join(meaning.split())
        for name, meaning in re.findall(r"^    (\w+): (.*(?:\n     .*)*)", attributes, re.MULTILINE)
    }
    after = re.split(r"\n\n(?=\S)", attributes, maxsplit=1)[1:]
    lines = [
        f"### {kind.__name__}",
        "",
        f"Tag `{kind.__struct_config__.tag}`. {text.strip()}",
        "",
        *after,
        "",
    ]
    lines += ["| Field | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for field in msgspec.structs.fields(kind):
        default = "" if field.default is msgspec.NODEFAULT else f"`{default_text(field.default)}`"
        meaning = meanings.get(field.name, STAMPS.get(field.name, ""))
        lines.append(f"| `{field.name}` | `{type_name(field.type)}` | {default} | {meaning} |")
    return "\n".join([*lines, ""])


def type_name(kind: object) -> str:
    """Return a type as one would write it, without module names."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return " or ".join(type_name(member) for member in typing.get_args(kind))
    if kind is type(None):
        return "None"
    origin = typing.get_origin(kind)
    if origin is not None:
        inner = ", ".join(
            "..." if member is ... else type_name(member) for member in typing.get_args(kind)
        )
        return f"{origin.__name__}[{inner}]"
    return getattr(kind, "__name__", str(kind))


def default_text(value: object) -> str:
    """Return a default as one would write it."""
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def member_docs(kind: type[enum.Enum]) -> dict[str, str]:
    """Return the docstring that follows each member in the source."""
    source = inspect.getsource(kind)
    found = re.findall(
        r"^    ([A-Z_]+) = \d+\n    \"\"\"(.+?)\"\"\"", source, re.MULTILINE | re.DOTALL
    )
    return {name: " ".join(text.split()) for name, text in found}


def write_messages() -> None:
    """Write the page of commands, events and reasons."""
    with mkdocs_gen_files.open("reference/messages.md", "w") as page:
        page.write("# Commands, events and reasons\n\nGenerated from the code.\n\n## Commands\n\n")
        page.write(f"{inspect.getdoc(commands)}\n\n")
        for kind in typing.get_args(commands.Command):
            page.write(struct_section(kind) + "\n")
        page.write(f"## Events\n\n{inspect.getdoc(events)}\n\n")
        for kind in typing.get_args(events.Event):
            page.write(struct_section(kind) + "\n")
        page.write(f"## Reasons\n\n{inspect.getdoc(reasons)}\n")
        texts = member_docs(reasons.RejectReason)
        for digit, title in SUBSYSTEMS.items():
            page.write(f"\n### {title}\n\n| Code | Name | Meaning |\n| --- | --- | --- |\n")
            for reason in reasons.RejectReason:
                if reason // 1000 == digit:
                    page.write(
                        f"| {reason.value} | `{reason.name.lower()}` | {texts[reason.name]} |\n"
                    )


def write_api() -> None:
    """Write one API page a room, and their index."""
    rooms = sorted(
        module.name
        for module in pkgutil.iter_modules(hybrid_dex.__path__)
        if not module.name.startswith("_")
    )
    with mkdocs_gen_files.open("reference/api.md", "w") as page:
        page.write("# API\n\nThe public names of `hybrid_dex`:\n\n")
        page.write(
            "::: hybrid_dex\n    options:\n      members: false\n      show_root_toc_entry: false\n\n"
        )
        page.write("".join(f"- `{name}`\n" for name in hybrid_dex.__all__))
        page.write("\nRoom by room:\n\n")
        for room in rooms:
            summary = (inspect.getdoc(importlib.import_module(f"hybrid_dex.{room}")) or "").split(
                "\n"
            )[0]
            page.write(f"- [`hybrid_dex.{room}`](api/{room}.md): {summary}\n")
    for room in rooms:
        with mkdocs_gen_files.open(f"reference/api/{room}.md", "w") as page:
            package = importlib.import_module(f"hybrid_dex.{room}")
            names = [f"hybrid_dex.{room}"]
            if hasattr(package, "__path__"):
                names += [
                    f"hybrid_dex.{room}.{module.name}"
                    for module in pkgutil.iter_modules(package.__path__)
                    if not module.name.startswith("_") and not module.ispkg
                ]
            for name in names:
                level = 1 if name == names[0] else 2
                page.write(f"::: {name}\n    options:\n      heading_level: {level}\n\n")


write_messages()
write_api()
