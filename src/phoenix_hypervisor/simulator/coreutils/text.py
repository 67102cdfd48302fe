"""Programs that pass text on: cat, head, cut, tr and their like."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    each,
    length,
    lines_of,
    maybe_quoted,
    operands,
    quoted,
    reason,
    size_number,
    text_of,
    texts,
)
from phoenix_hypervisor.simulator.process import Process


def _cat(process: Process, words: list[str]) -> int:
    options = Options("cat", words, "nueEAvtT", "", {"number": "n", "show-all": "A", "show-ends": "E"})
    count = 0

    def show(name: str) -> None:
        nonlocal count
        for line in lines_of(text_of(process, name)):
            count += 1
            process.say((f"{count:6d}\t" if "n" in options else "") + _marked(line, options))

    def complain(name: str, wrong: OSError) -> None:
        process.complain(f"cat: {maybe_quoted(name)}: {reason(wrong)}\n")

    if not options.given:
        return each(options.operands or ["-"], lambda name: process.say(text_of(process, name)), complain)
    return each(options.operands or ["-"], show, complain)


def _marked(line: str, options: Options) -> str:
    if any(letter in options for letter in "AtT"):
        line = line.replace("\t", "^I")
    return line.replace("\n", "$\n") if any(letter in options for letter in "AeE") else line


def _tac(process: Process, words: list[str]) -> int:
    found, status = texts("tac", process, Options("tac", words).operands)
    for _, text in found:
        process.say("".join(lines_of(text)[::-1]))
    return status


def _count(options: Options, words: list[str]) -> tuple[str, int]:
    """The sign and number of ``-n``, ``-c`` and the old ``-5``."""
    text = options.last("c") or options.last("n") or "10"
    if words and re.fullmatch(r"-[0-9]+", words[0]):
        text = words[0][1:]
    sign = text[0] if text[0] in "+-" else ""
    try:
        return sign, size_number(text.removeprefix(sign))
    except ValueError as wrong:
        what = "bytes" if "c" in options else "lines"
        raise Fault(f"invalid number of {what}: {quoted(text)}") from wrong


def _portions(name: str, process: Process, words: list[str], take: Callable[[str, int, list[str]], list[str]]) -> int:
    plain = words[1:] if words and re.fullmatch(r"-[0-9]+", words[0]) else words
    long = {"lines": "n", "bytes": "c", "quiet": "q", "verbose": "v"}
    options = Options(name, plain, "qvfF", "nc", long)
    sign, count = _count(options, words)
    found, status = texts(name, process, options.operands, "cannot open {} for reading: ")
    for index, (file, text) in enumerate(found):
        if len(options.operands) > 1 and "q" not in options:
            process.say(("\n" if index else "") + f"==> {file} <==\n")
        process.say(_units(text, "c" in options, lambda units: take(sign, count, units)))
    return status


def _units(text: str, as_bytes: bool, take: Callable[[list[str]], list[str]]) -> str:
    if not as_bytes:
        return "".join(take(lines_of(text)))
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return "".join(take(list(raw))).encode("latin-1").decode("utf-8", "surrogateescape")


def _head(process: Process, words: list[str]) -> int:
    def take(sign: str, count: int, units: list[str]) -> list[str]:
        return units[: max(0, len(units) - count)] if sign == "-" else units[:count]

    return _portions("head", process, words, take)


def _tail(process: Process, words: list[str]) -> int:
    def take(sign: str, count: int, units: list[str]) -> list[str]:
        return units[max(0, count - 1) :] if sign == "+" else units[max(0, len(units) - count) :]

    return _portions("tail", process, words, take)


def _wc(process: Process, words: list[str]) -> int:
    options = Options("wc", words, "clwm", "", {"lines": "l", "bytes": "c", "words": "w", "chars": "m"})
    found, status = texts("wc", process, options.operands)
    wanted = [letter for letter in "lwmc" if letter in options] or ["l", "w", "c"]
    rows = [(name, _counts(text, wanted)) for name, text in found]
    if len(options.operands) > 1:
        rows.append(("total", [sum(column) for column in zip(*(counts for _, counts in rows), strict=True)]))
    single = len(wanted) == 1 and len(rows) == 1
    total = sum(length(text) for _, text in found)
    width = 1 if single else 7 if "-" in [name for name, _ in rows] else len(str(total))
    for name, counts in rows:
        shown = " ".join(f"{count:{width}d}" for count in counts)
        process.say(shown + (f" {name}" if options.operands else "") + "\n")
    return status


def _counts(text: str, wanted: list[str]) -> list[int]:
    count = {"l": text.count("\n"), "w": len(text.split()), "m": len(text), "c": length(text)}
    return [count[letter] for letter in wanted]


# -- fields and characters


def _ranges(text: str) -> Callable[[int], bool]:
    spans: list[tuple[int, float]] = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]*)(-?)([0-9]*)", part)
        if not found or not (found[1] or found[3]):
            raise Fault(f"invalid field value {quoted(part)}\nTry 'cut --help' for more information.")
        first = int(found[1] or 1)
        spans.append((first, float(found[3] or "inf") if found[2] else first))
    return lambda number: any(first <= number <= last for first, last in spans)


def _cut(process: Process, words: list[str]) -> int:
    long = {"delimiter": "d", "fields": "f", "characters": "c", "only-delimited": "s", "output-delimiter": "o"}
    options = Options("cut", words, "sn", "dfcb", long)
    kind = next((letter for letter in "fcb" if letter in options), "")
    if not kind:
        message = "you must specify a list of bytes, characters, or fields"
        raise Fault(f"{message}\nTry 'cut --help' for more information.")
    wanted = _ranges(options.last(kind))
    delimiter = options.last("d") or "\t"
    joiner = options.last("o") or delimiter
    found, status = texts("cut", process, options.operands)
    for line in (line.removesuffix("\n") for _, text in found for line in lines_of(text)):
        if kind != "f":
            process.say("".join(sign for number, sign in enumerate(line, 1) if wanted(number)) + "\n")
        elif delimiter in line:
            fields = line.split(delimiter)
            process.say(joiner.join(field for number, field in enumerate(fields, 1) if wanted(number)) + "\n")
        elif "s" not in options:
            process.say(f"{line}\n")
    return status


_CLASSES = {
    "alnum": "[0-9A-Za-z]", "alpha": "[A-Za-z]", "blank": "[ \t]", "cntrl": "[\0-\x1f\x7f]", "digit": "[0-9]",
    "lower": "[a-z]", "print": "[ -~]", "punct": r"[!-/:-@\[-`{-~]", "space": r"[\t-\r ]", "upper": "[A-Z]",
    "xdigit": "[0-9A-Fa-f]", "graph": "[!-~]",
}  # fmt: skip
_SET = re.compile(r"\[:([a-z]+):\]|(\\(?:[0-7]{1,3}|.)|.)(?:-(\\(?:[0-7]{1,3}|.)|.))?", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _sign(text: str) -> str:
    if len(text) == 1:
        return text
    if text[1] in "01234567":
        return chr(int(text[1:], 8) & 255)
    return _ESCAPES.get(text[1], text[1])


def _set(text: str) -> str:
    """The characters of a set of tr, in order."""
    signs: list[str] = []
    for found in _SET.finditer(text):
        if found[1]:
            signs += [chr(code) for code in range(128) if re.match(_CLASSES.get(found[1], "$."), chr(code))]
        elif found[3]:
            signs += [chr(code) for code in range(ord(_sign(found[2])), ord(_sign(found[3])) + 1)]
        else:
            signs.append(_sign(found[2]))
    return "".join(signs)


def _tr(process: Process, words: list[str]) -> int:
    long = {"delete": "d", "squeeze-repeats": "s", "complement": "c"}
    options = Options("tr", words, "cCdst", "", long, ordered=True)
    sets = [_set(text) for text in operands(options, "tr")]
    delete, squeeze, complement = "d" in options, "s" in options, "c" in options or "C" in options
    if len(sets) < 2 and not (delete or squeeze):
        shown = quoted(options.operands[0])
        message = "Two strings must be given when translating."
        raise Fault(f"missing operand after {shown}\n{message}\nTry 'tr --help' for more information.")
    first, last = sets[0], sets[-1]
    text = process.stdin
    if delete:
        text = "".join(sign for sign in text if (sign in first) == complement)
    elif len(sets) > 1:
        text = _translated(text, first, last, complement)
    if squeeze:
        repeated = last if len(sets) > 1 or not complement else None
        text = _squeezed(text, lambda sign: sign in repeated if repeated is not None else sign not in first)
    process.say(text)
    return 0


def _translated(text: str, first: str, second: str, complement: bool) -> str:
    if complement:
        return "".join(sign if sign in first else second[-1:] for sign in text)
    padded = second.ljust(len(first), second[-1:] or " ")
    return text.translate({ord(old): new for old, new in reversed(list(zip(first, padded, strict=False)))})


def _squeezed(text: str, repeats: Callable[[str], bool]) -> str:
    return "".join(sign if repeats(sign) else sign * len(list(group)) for sign, group in groupby(text))


def _tee(process: Process, words: list[str]) -> int:
    options = Options("tee", words, "ai", "", {"append": "a"})
    text, status = process.stdin, 0
    process.say(text)
    for name in options.operands:
        path = absolute(process, name)
        try:
            mode = None if process.files.exists(path) else 0o666 & ~process.umask
            process.files.write(path, text, append="a" in options, mode=mode)
        except OSError as wrong:
            process.complain(f"tee: {name}: {reason(wrong)}\n")
            status = 1
    return status


def _seq(process: Process, words: list[str]) -> int:
    options = Options("seq", [f"+{word}" if re.match(r"-[0-9.]", word) else word for word in words], "w", "sf")
    numbers = [word.replace("+-", "-") for word in operands(options, "seq")]
    for word in numbers:
        if not re.fullmatch(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)", word):
            raise Fault(f"invalid floating point argument: {quoted(word)}\nTry 'seq --help' for more information.")
    first, step, last = [("1", "1", numbers[0]), (numbers[0], "1", numbers[-1]), (*numbers, "1", "1")[:3]][
        min(len(numbers), 3) - 1
    ]
    places = max(len(word.partition(".")[2]) for word in (first, step))
    count = 0 if float(step) == 0 else int((float(last) - float(first)) / float(step) + 1e-9) + 1
    if count > 1_000_000:
        raise Fault(f"too many numbers: {count}")
    shown = [f"{float(first) + index * float(step):.{places}f}" for index in range(max(0, count))]
    width = max((len(text) for text in shown), default=0) if "w" in options else 0
    if shown:
        process.say((options.last("s") or "\n").join(text.zfill(width) for text in shown) + "\n")
    return 0


TOOLS: dict[str, Tool] = {
    "cat": _cat,
    "tac": _tac,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "cut": _cut,
    "tr": _tr,
    "tee": _tee,
    "seq": _seq,
}
