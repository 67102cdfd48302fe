"""Fields: what the pieces of an expanded word become where IFS splits them."""

from __future__ import annotations

DEFAULT_IFS = " \t\n"


class Piece:
    """A piece of an expanded word: text with its quoting, whether to split it; or an end of a field."""

    __slots__ = ("end", "quoted", "split", "text")

    def __init__(self, text: str, quoted: bool = False, split: bool = False, end: bool = False) -> None:
        self.text = text
        self.quoted = quoted
        self.split = split
        self.end = end


Pieces = list[Piece]
Field = list[tuple[str, bool]]


class Splitter:
    """Field splitting: the signs of IFS end fields, those that are white space count once however many they are."""

    def __init__(self, ifs: str) -> None:
        self._ifs = ifs
        self._blank = {sign for sign in ifs if sign in DEFAULT_IFS}
        self._fields: list[Field] = []
        self._field: Field | None = None
        self._after_blank = False

    def add(self, piece: Piece) -> None:
        if piece.end:
            self._finish()
        elif piece.quoted or not piece.split:
            if piece.text or piece.quoted:
                self._append(piece.text, piece.quoted)
        elif any(sign in self._ifs for sign in piece.text):
            self._split(piece.text)
        elif piece.text:
            self._append(piece.text, False)

    def _append(self, text: str, quoted: bool) -> None:
        if self._field is None:
            self._field = []
        self._field.append((text, quoted))
        self._after_blank = False

    def _finish(self) -> None:
        if self._field is not None:
            self._fields.append(self._field)
            self._field = None

    def _split(self, text: str) -> None:
        start = 0
        for position, sign in enumerate(text):
            if sign not in self._ifs:
                continue
            if start < position:
                self._append(text[start:position], False)
            start = position + 1
            if sign in self._blank:
                self._after_blank = self._after_blank or self._field is not None
            elif self._field is None and not self._after_blank:
                self._fields.append([])
            else:
                self._after_blank = False
            self._finish()
        if start < len(text):
            self._append(text[start:], False)

    def done(self) -> list[Field]:
        self._finish()
        return self._fields
