"""The language of `spectral-core verify --formula`: from text to a syntax tree, or to the place of the error.

    formula    = expression "=" expression [ ( "for" | "," [ "for" ] ) condition { "," condition } ]
    expression = [ "+" | "-" ] term { ( "+" | "-" ) term }
    term       = factor { "*" factor }
    factor     = atom [ "^" exponent ]
    atom       = number | "I" | matrix | block | "(" expression ")"
    number     = digits [ "/" digits ]
    matrix     = "N" | "Phi" | "Lambda" | "A"
    block      = ( "phi" | "L" ) "(" index ")" | ( "P" | "W" | "A" | "Inv" | power ) "(" index "," index ")"
    power      = "N" "^" exponent
    exponent   = [ "-" ] ( digits | name | "(" index ")" )
    index      = [ "+" | "-" ] product { ( "+" | "-" ) product }
    product    = part { "*" part }
    part       = digits | name | "(" index ")"
    condition  = index relation index { relation index }
    relation   = "=" | "<" | "<=" | ">" | ">="

A name is a lower-case letter with letters and digits behind it, or B, the number of blocks. What the terms mean, and
what is refused though the grammar allows it, is said in docs/formulas.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from derivations.formulas.syntax import (
    INVERSE,
    TOKEN,
    Block,
    Expression,
    Formula,
    FormulaError,
    Identity,
    Matrix,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Sign,
    Sum,
    degree,
)
from derivations.proof.indices import Index

MATRICES = ("N", "Phi", "Lambda", "A")
BLOCKS = {"phi": 1, "L": 1, "P": 2, "W": 2, "A": 2, "Inv": 2}
"""How many layers each block names."""
RELATIONS = ("=", "<", "<=", ">", ">=")
ALIASES = {"φ": "phi", "Φ": "Phi", "Λ": "Lambda", "−": "-", "·": "*", "≥": ">=", "≤": "<="}
SLIPS = {"==": 'write "="', "**": 'write "^"', "/": "only two numbers may be divided: write 1/2*phi(1)"}
INDEX_NAME = re.compile(r"(?!(?:phi|for)$)[a-z][A-Za-z0-9]*|B")

LONGEST, NESTING = 2000, 40
GREATEST_DEPTH, GREATEST_INDEX, GREATEST_NUMBER, GREATEST_POWER = 8, 12, 10**6, 20
MOST_NAMES, MOST_CONDITIONS, MOST_FACTORS = 5, 20, 100


@dataclass(frozen=True)
class Token:
    text: str
    at: int


def read(text: str) -> Formula:
    """The formula that a text says; raises `FormulaError` at the first place that cannot be read."""
    if len(text) > LONGEST:
        raise FormulaError(text, LONGEST, f"a formula has at most {LONGEST} characters")
    return Reader(text).formula()


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].text:
        match = TOKEN.match(text, at)
        assert match is not None  # any character, or the end, matches
        tokens.append(Token(ALIASES.get(match[1], match[1]), match.start(1)))
        at = match.end()
    return tokens


class Reader:
    """One method for each rule of the grammar; `here` counts the tokens that are read."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, _tokens(text)
        self.here, self.open = 0, 0
        self.depth = self.chosen_depth()

    @property
    def token(self) -> Token:
        return self.tokens[self.here]

    def fail(self, message: str, at: int | None = None) -> FormulaError:
        return FormulaError(self.text, self.token.at if at is None else at, message)

    def accept(self, *texts: str) -> Token | None:
        """The next token, taken if it is one of these."""
        token = self.token
        if not token.text or token.text not in texts:
            return None
        self.here += 1
        return token

    def expect(self, text: str, otherwise: str) -> Token:
        token = self.accept(text)
        if token is None:
            raise self.fail(SLIPS.get(self.token.text) or f"expected {otherwise}")
        return token

    def chosen_depth(self) -> int | None:
        """n of `B = n` among the conditions: indices that name B are numbers from the start."""
        texts = [token.text for token in self.tokens]
        found = None
        for k in range(len(texts) - 4):
            before, name, equals, number, after = texts[k : k + 5]
            if before in ("for", ",") and (name, equals) == ("B", "=") and number.isdecimal() and after in (",", ""):
                at = self.tokens[k + 3].at
                if found is not None:
                    raise self.fail("B is chosen twice", at)
                found = self.whole(Token(number, at), GREATEST_DEPTH, "the depth B")
                if found == 0:
                    raise self.fail("expected a depth B of at least 1", at)
        return found

    def formula(self) -> Formula:
        left = self.expression()
        equals = self.expect("=", 'an operator ("+", "-", "*", "^") or "="')
        right = self.expression()
        conditions: list[Relation] = []
        start = self.token.at
        comma = self.accept(",")
        if self.accept("for") or comma:
            start = self.token.at
            conditions += self.condition()
            while self.accept(","):
                conditions += self.condition()
        if self.token.text:
            follow = (
                'a relation, "," or the end' if conditions else 'an operator ("+", "-", "*", "^"), "for" or the end'
            )
            raise self.fail(SLIPS.get(self.token.text) or f"expected {follow}")
        for side in (left, right):
            if degree(side) > MOST_FACTORS:
                raise self.fail(f"expected products of at most {MOST_FACTORS} factors, powers written out", side.at)
        if len(conditions) > MOST_CONDITIONS:
            raise self.fail(f"expected at most {MOST_CONDITIONS} conditions", start)
        # `B = n` has done its work: it reads n = n here.
        kept = tuple(c for c in conditions if c.symbol != "=" or c.left != c.right)
        formula = Formula(left, right, kept, self.depth, self.text, equals.at, start)
        if len(formula.names) > MOST_NAMES:
            raise self.fail(f"expected at most {MOST_NAMES} different indices, got {', '.join(formula.names)}", start)
        return formula

    def nested(self, rule: Callable[[], Expression | Index]) -> Expression | Index:
        """The expression in parentheses; the opening one is read already."""
        self.open += 1
        if self.open > NESTING:
            raise self.fail(f"expected at most {NESTING} parentheses inside each other")
        inner = rule()
        self.expect(")", 'an operator or ")"')
        self.open -= 1
        return inner

    # --- expressions ---------------------------------------------------------------------------------------

    def expression(self) -> Expression:
        start = self.token.at
        terms = [self.signed(self.accept("+", "-"))]
        while operator := self.accept("+", "-"):
            terms.append(self.signed(operator))
        return terms[0] if len(terms) == 1 else Sum(tuple(terms), start)

    def signed(self, operator: Token | None) -> Expression:
        term = self.term()
        return Negative(term, operator.at) if operator and operator.text == "-" else term

    def term(self) -> Expression:
        start = self.token.at
        factors = [self.factor()]
        while self.accept("*"):
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Product(tuple(factors), start)

    def factor(self) -> Expression:
        start, base = self.token, self.atom()
        if not self.accept("^"):
            return base
        at = self.token.at
        exponent = self.exponent()
        if base == Matrix("N") and self.token.text == "(":
            return self.power_block(exponent, start.at, at)
        if self.token.text == "^":
            raise self.fail("a power of a power needs parentheses")
        if start.text == "(" and base == Negative(Number(Fraction(1))):
            return Sign(exponent, start.at)
        if exponent.terms:
            raise self.fail("expected a number: only (-1)^(...) may have indices in the exponent", at)
        if exponent.constant == -1 and isinstance(base, Matrix) and base.name == "Phi":
            return Matrix(INVERSE, start.at)
        if exponent.constant < 0:
            raise self.fail("expected an exponent of at least 0: the only inverse is Phi^-1", at)
        if exponent.constant > GREATEST_POWER:
            raise self.fail(f"expected an exponent of at most {GREATEST_POWER}", at)
        if start.text != "(" and isinstance(base, Number) and base.value.denominator > 1:
            raise self.fail("a power of a fraction needs parentheses: write (1/2)^2", start.at)
        return Power(base, exponent.constant, start.at)

    def power_block(self, power: Index, start: int, at: int) -> Block:
        """A block of a power of N, e.g. N^k(i, j); `at` is the place of the exponent."""
        if abs(power.constant) > GREATEST_POWER:
            raise self.fail(f"expected an exponent of at most {GREATEST_POWER}", at)
        return Block("N", self.layers("N^k", 2), start, power)

    def exponent(self) -> Index:
        minus = self.accept("-")
        if self.accept("("):
            value = self.nested(self.index)
            assert isinstance(value, Index)
        else:
            value = self.part("an exponent: a number, a name or an index in parentheses", GREATEST_NUMBER)
        return -value if minus else value

    def atom(self) -> Expression:
        token = self.token
        if token.text.isdecimal():
            return self.number()
        if self.accept("("):
            inner = self.nested(self.expression)
            assert not isinstance(inner, Index)
            return inner
        if token.text not in ("I", *MATRICES, *BLOCKS):
            raise self.fail(self.unknown(token))
        self.here += 1
        if token.text == "I":
            return Identity(token.at)
        if token.text in MATRICES and not (token.text in BLOCKS and self.token.text == "("):
            if self.token.text == "(":
                raise self.fail(f'{token.text} is a whole matrix without indices: expected an operator or "="')
            return Matrix(token.text, token.at)
        return Block(token.text, self.layers(token.text, BLOCKS[token.text]), token.at)

    def layers(self, name: str, count: int) -> tuple[Index, ...]:
        """The indices of a block, in parentheses."""
        self.expect("(", f'"(" and {count} index(es) after {name}')
        layers = [self.index()]
        while len(layers) < count:
            self.expect(",", f'"," and another index: {name} names two layers')
            layers.append(self.index())
        self.expect(")", f'an operator or ")": {name} names {len(layers)} layer(s)')
        return tuple(layers)

    def unknown(self, token: Token) -> str:
        expected = 'expected a number, I, phi, L, P, W, A, Inv, N, Phi, Lambda or "("'
        if token.text in ("-", "+"):
            return f"{expected}; a sign behind an operator needs parentheses"
        if INDEX_NAME.fullmatch(token.text):
            return f"{expected}; an index may stand only in a block, in (-1)^(...) or in a condition"
        return SLIPS.get(token.text) or expected

    def number(self) -> Number:
        token = self.token
        self.here += 1
        value = Fraction(self.whole(token, GREATEST_NUMBER, "a number"))
        if self.accept("/"):
            below = self.token
            if not below.text.isdecimal():
                raise self.fail("expected a whole number as denominator")
            self.here += 1
            denominator = self.whole(below, GREATEST_NUMBER, "a denominator")
            if denominator == 0:
                raise self.fail("expected a denominator that is not 0", below.at)
            value /= denominator
        return Number(value, token.at)

    def whole(self, token: Token, greatest: int, what: str) -> int:
        # The length first: Python refuses to convert thousands of digits.
        if len(token.text) > 12 or int(token.text) > greatest:
            raise self.fail(f"expected {what} of at most {greatest}", token.at)
        return int(token.text)

    # --- indices and conditions ----------------------------------------------------------------------------

    def index(self) -> Index:
        operator = self.accept("+", "-")
        value = self.product() * (-1 if operator and operator.text == "-" else 1)
        while operator := self.accept("+", "-"):
            value += self.product() * (-1 if operator.text == "-" else 1)
        return value

    def product(self) -> Index:
        value = self.part()
        while self.accept("*"):
            at = self.token.at
            other = self.part()
            if value.terms and other.terms:
                raise self.fail("expected a number: an index may be multiplied by numbers only", at)
            value = value * other.constant if value.terms else other * value.constant
        return value

    def part(
        self, expected: str = 'an index: a number, a name such as i, or "("', greatest: int = GREATEST_INDEX
    ) -> Index:
        token = self.token
        if token.text.isdecimal():
            self.here += 1
            return Index((), self.whole(token, greatest, "a whole number here"))
        if INDEX_NAME.fullmatch(token.text):
            self.here += 1
            return Index((), self.depth) if token.text == "B" and self.depth is not None else Index.named(token.text)
        if self.accept("("):
            inner = self.nested(self.index)
            assert isinstance(inner, Index)
            return inner
        raise self.fail(f"expected {expected}")

    def condition(self) -> list[Relation]:
        left = self.index()
        relations: list[Relation] = []
        while symbol := self.accept(*RELATIONS):
            at = self.token.at
            right = self.index()
            blocks = Index.named("B")
            if symbol.text == "=" and not (right.terms and left.terms) and blocks in (left, right):
                raise self.fail(
                    'the depth is chosen by a condition of its own, with one number: write "B = 4", say', at
                )
            relations.append(Relation(left, symbol.text, right))
            left = right
        if not relations:
            raise self.fail(SLIPS.get(self.token.text) or f"expected a relation: {', '.join(RELATIONS)}")
        return relations
