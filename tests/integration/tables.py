# SPDX-License-Identifier: Apache-2.0
"""The tables of src/plan, as rows. They are lists of calls of macros that
Python can read, too, once their bare words mean something."""
import dataclasses
import math
import re

from kit import SRC


class Word(str):
    """A bare word, or several with | between."""

    def __or__(self, other):
        return Word(f"{self}|{other}")


class Words(dict):
    def __missing__(self, name):
        return math.nan if name == "UNSET" else Word(name)


@dataclasses.dataclass
class Arg:
    name: str
    type: str
    least: float
    most: float
    unit: str
    choices: list


@dataclasses.dataclass
class Op:
    name: str
    example: str
    args: list


@dataclasses.dataclass
class Format:
    name: str
    media: str
    loads: bool
    saves: bool


def read():
    """Operations, arguments of the output, formats; each in its order."""
    ops, outs, formats, choices = {}, [], [], {}

    def arg(name, kind, least, most, _, unit, words, text):
        return Arg(name, kind, least, most, unit, choices.get(words, []))

    words = Words({
        "CHOICES": lambda id: choices.update({id: []}),
        "CHOICE": lambda id, _, word: choices[id].append(word),
        "OP": lambda id, name, phase, text, example:
            ops.update({id: Op(name, example, [])}),
        "ARG": lambda id, _, *rest: ops[id].args.append(arg(*rest)),
        "OUT": lambda _, *rest: outs.append(arg(*rest)),
        "FORMAT": lambda _, name, media, ending, flags, side, text: media
            and formats.append(Format(name, media,
                "F_LOAD" in str(flags), "F_SAVE" in str(flags))),
        "CHOICES_END": lambda id: None,
        "OP_END": lambda id: None,
    })
    for file in ("op.def", "format.def"):
        source = (SRC / "src/plan" / file).read_text(encoding="utf-8")
        source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
        for row in re.split(r"^(?=[A-Z])", source, flags=re.M):
            if row.strip():
                eval(" ".join(row.split()), {"__builtins__": {}}, words)
    assert ops and outs and formats
    return list(ops.values()), outs, formats
