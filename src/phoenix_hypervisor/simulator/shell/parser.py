"""The tokens of a script as a syntax tree, with dash's words for what is wrong."""

from __future__ import annotations

from phoenix_hypervisor.simulator.shell.simple import SimpleCommands
from phoenix_hypervisor.simulator.shell.syntax import (
    AndOr,
    Calculation,
    Case,
    Condition,
    For,
    Function,
    If,
    Literal,
    Node,
    Pipeline,
    Redirected,
    Sequence,
    Subshell,
    SyntaxFault,
    While,
    Word,
)
from phoenix_hypervisor.simulator.shell.words import NAME

SEPARATORS = (";", "&", "newline")


class Parser(SimpleCommands):
    """Reads one command line after the other, so that a script runs up to the line that is wrong."""

    # -- lists

    def command_line(self) -> Sequence | None:
        """The next command line; None at the end."""
        self.skip_newlines()
        if self.peek().kind == "end":
            return None
        items: list[tuple[Node, bool]] = []
        while self.peek().kind not in ("newline", "end"):
            node = self._and_or()
            separator = self.peek().kind
            if separator in (";", "&"):
                self.next()
            elif separator not in ("newline", "end"):
                raise self.unexpected()
            items.append((node, separator == "&"))
        if self.peek().kind == "newline":
            self.next()
        return Sequence(tuple(items))

    def substitution(self) -> Sequence:
        """What stands inside ``$(…)``; the closing parenthesis is taken."""
        body = self._list(allow_empty=True)
        if self.peek().kind != ")":
            raise self.unexpected(")")
        self.next()
        return body

    def _list(self, *, allow_empty: bool = False) -> Sequence:
        """Commands over any number of lines, up to what cannot begin one."""
        items: list[tuple[Node, bool]] = []
        self.skip_newlines()
        while not (self._at_end() and (items or allow_empty or self.peek().kind == "end")):
            node = self._and_or()
            separator = self.peek().kind
            items.append((node, separator == "&"))
            if separator not in SEPARATORS:
                break
            self.next()
            self.skip_newlines()
        return Sequence(tuple(items))

    def _at_end(self) -> bool:
        ends = ("}", "do", "done", "elif", "else", "esac", "fi", "then")
        return self.peek().kind in (")", ";;", "end") or self.reserved() in ends

    def _and_or(self) -> Node:
        left = self._pipeline()
        while self.peek().kind in ("&&", "||"):
            operator = self.next().kind
            self.skip_newlines()
            left = AndOr(operator, left, self._pipeline())
        return left

    def _pipeline(self) -> Node:
        negated = self.accept("!")
        commands = [self._command()]
        while self.peek().kind == "|":
            self.next()
            self.skip_newlines()
            commands.append(self._command())
        if len(commands) == 1 and not negated:
            return commands[0]
        return Pipeline(tuple(commands), negated)

    # -- commands

    def _command(self) -> Node:
        token = self.peek()
        reserved = self.reserved()
        if token.kind == "(":
            node = self._parentheses()
        elif reserved in ("if", "for", "while", "until", "case", "{", "[[", "function"):
            self.next()
            node = self._compound(reserved, token.line)
            if reserved == "function":
                return node
        elif reserved:
            raise self.unexpected()
        else:
            return self.simple()
        redirects = self.redirects()
        return Redirected(node, redirects, token.line) if redirects else node

    def _compound(self, reserved: str, line: int) -> Node:
        if reserved == "if":
            return self._if()
        if reserved == "for":
            return self._for(line)
        if reserved == "case":
            return self._case(line)
        if reserved == "{":
            body = self._list()
            self.expect("}")
            return body
        if reserved == "[[":
            return self._condition(line)
        if reserved == "function":
            return self._bash_function(line)
        condition = self._list()
        self.expect("do")
        body = self._list()
        self.expect("done")
        return While(condition, body, reserved == "until")

    def _parentheses(self) -> Node:
        line = self.next().line
        lexer = self._lexer
        if lexer.bash and lexer.text.startswith("(", lexer.position):
            lexer.position += 1
            return Calculation(lexer.arithmetic(), line)
        body = self._list()
        if self.peek().kind != ")":
            raise self.unexpected(")")
        self.next()
        return Subshell(body, line)

    def _if(self) -> If:
        branches: list[tuple[Sequence, Sequence]] = []
        otherwise = None
        while True:
            condition = self._list()
            self.expect("then")
            branches.append((condition, self._list()))
            if not self.accept("elif"):
                break
        if self.accept("else"):
            otherwise = self._list()
        self.expect("fi")
        return If(tuple(branches), otherwise)

    def _for(self, line: int) -> For:
        token = self.next()
        if token.kind != "word" or not NAME.fullmatch(token.text):
            raise SyntaxFault(token.line, "Bad for loop variable")
        words: list[Word] | None = None
        self.skip_newlines()
        if self.accept("in"):
            words = []
            while self.peek().kind == "word":
                words.append(self.next().word or Word(()))
            if self.peek().kind not in (";", "newline"):
                raise self.unexpected()
            self.next()
        elif self.peek().kind == ";":
            self.next()
        self.skip_newlines()
        self.expect("do")
        body = self._list()
        self.expect("done")
        return For(token.text, None if words is None else tuple(words), body, line)

    def _case(self, line: int) -> Case:
        subject = self.next()
        if subject.word is None:
            self._token = subject
            raise SyntaxFault(subject.line, f"{self.unexpected().reason} (expecting word)")
        self.skip_newlines()
        self.expect("in")
        branches: list[tuple[tuple[Word, ...], Sequence]] = []
        self.skip_newlines()
        while not self.accept("esac"):
            branches.append((self._patterns(), self._list(allow_empty=True)))
            if self.peek().kind == ";;":
                self.next()
                self.skip_newlines()
            elif self.reserved() != "esac":
                raise self.unexpected(";;")
        return Case(subject.word, tuple(branches), line)

    def _patterns(self) -> tuple[Word, ...]:
        if self.peek().kind == "(":
            self.next()
        patterns: list[Word] = []
        while True:
            patterns.append(self.next().word or Word((), ""))
            if self.peek().kind != "|":
                break
            self.next()
        if self.peek().kind != ")":
            raise self.unexpected(")", pattern=True)
        self.next()
        return tuple(patterns)

    def _condition(self, line: int) -> Condition:
        words: list[Word] = []
        while True:
            token = self.next()
            if token.kind == "word" and token.text == "]]":
                return Condition(tuple(words), line)
            if token.kind == "end":
                self._token = token
                raise self.unexpected("]]")
            if token.word is not None:
                words.append(token.word)
            elif token.kind != "newline":
                words.append(Word((Literal(token.text),), token.text))

    def _bash_function(self, line: int) -> Function:
        name = self.next()
        if self.peek().kind == "(":
            self.next()
            self.next()
        return self.function(name.text, line)

    def function(self, name: str, line: int) -> Function:
        self.skip_newlines()
        return Function(name, self._command(), line)
