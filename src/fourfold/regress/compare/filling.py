"""What may stand in a hole: something of the kind that was seen there."""

import re
from collections.abc import Sequence

from fourfold.regress.compare.holes import LONGER, Hole
from fourfold.regress.compare.tokens import Token, mask

# Never the other value of a word that varies.
_ALARMING = re.compile(r"nan|nat|inf|none|null|\w*(?:error|exception)s?|fail\w*", re.IGNORECASE)
_PATH_SIGNS = frozenset("/\\.-_~+@")
_SHORTEST_ID = 6


def may_fill_lines(hole: Hole, items: Sequence[str]) -> bool:
    """Say whether lines are such as were seen, but for numbers; or the same in another order."""
    if hole.key is not None:
        return hole.is_order_of(items)
    if len(items) > LONGER * max(map(len, hole.seen)) + LONGER:
        return False
    seen = {line for part in hole.seen for line in part}
    masks = {mask(line) for line in seen}
    return all(line in seen or mask(line) in masks for line in items)


def may_fill_tokens(hole: Hole, items: Sequence[Token]) -> bool:
    """Say whether tokens are of the kinds that were seen; or the same in another order."""
    if hole.key is not None:
        return hole.is_order_of(items)
    if [t.text for t in items] in [[t.text for t in part] for part in hole.seen]:
        return True
    seen = [token for part in hole.seen for token in part]
    sizes = [len(part) for part in hole.seen]
    if max(sizes) == 1 == min(sizes) and len(items) != 1:
        return False
    if (min(sizes) > 0 and not items) or len(items) > LONGER * max(sizes) + LONGER:
        return False
    if max(sizes) > 1 and any(token.text == "/" for token in seen):
        return all(_is_of_path(token) for token in items)
    return all(_is_like(token, seen, alone=max(sizes) == 1) for token in items)


def _is_of_path(token: Token) -> bool:
    named = token.kind in ("word", "id", "number") and not _ALARMING.fullmatch(token.text)
    return named or token.text in _PATH_SIGNS


def _is_like(token: Token, seen: Sequence[Token], alone: bool) -> bool:
    """Say whether a token is one of its kind: a number for a number, a name for a random name.

    Parameters
    ----------
    alone : bool
        Whether one token stands in the hole; of several, parts of a name may be of any length.
    """
    alike = [other for other in seen if other.kind == token.kind]
    if token.kind not in ("word", "id", "sign", "colour") and alike:
        return True
    if any(other.text == token.text for other in alike):
        return True
    named = [other.text for other in seen if other.kind in ("word", "id")]
    if token.kind in ("sign", "colour", "space") or not named or _ALARMING.fullmatch(token.text):
        return False
    sizes = {len(text) for text in named}
    if sizes == {len(token.text)} and len(token.text) >= _SHORTEST_ID:
        return _keeps_parts(token.text, [other.text for other in seen])
    random_parts = not alone and any(_class(text) == "id" for text in named)
    if random_parts and token.text.isascii():
        return True
    for text in named:
        if _class(text) == _class(token.text) != "":
            near = abs(len(text) - len(token.text)) <= LONGER
            return _class(text) != "id" or (near and _keeps_parts(token.text, named))
    return False


def _class(word: str) -> str:
    if any(map(str.isdigit, word)):
        return "id"
    kinds = (("lower", word.islower()), ("upper", word.isupper()), ("title", word.istitle()))
    return next((name for name, holds in kinds if holds), "mixed" if word.isalpha() else "")


def _keeps_parts(word: str, seen: Sequence[str]) -> bool:
    """Say whether the parts between ``_`` that never varied are the same."""
    parts = [text.split("_") for text in (word, *seen)]
    if len(set(map(len, parts))) > 1:
        return True
    return all(
        own == others[0] or len(set(others)) > 1 for own, *others in zip(*parts, strict=True)
    )
