"""What is said of the office's documents: where they are, and what opens them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.messages import DocumentCard
from bot.phrases import Voice

OPEN_MINUTES = 30
"""How long a denunciation's documents stay open after both codes were shown."""


class Where(StrEnum):
    """Where a person who is told of documents finds them."""

    HERE = "here"  # the channel shows them below the words
    FOLLOWING = "following"  # the platform carries them behind the words
    ELSEWHERE = "elsewhere"  # on the web page, for both codes of the receipt


@dataclass(frozen=True)
class GivenDocuments:
    """A petition's documents, or a notice's.

    `secret`: of a denunciation: to be had for both codes alone, and no platform learns a name.
    `page`: the web page's address; "" where nobody set one.
    """

    cards: tuple[DocumentCard, ...] = ()
    where: Where = Where.ELSEWHERE
    secret: bool = False
    page: str = ""


def tell(
    given: GivenDocuments, say: Voice, *, codes_shown: bool = False
) -> tuple[str, tuple[DocumentCard, ...]]:
    """The words about documents ("" for none), and the cards to show with them.

    Args:
        codes_shown: the person has just shown both codes.
    """
    if not given.cards:
        return "", ()
    count = len(given.cards)
    if given.where is Where.HERE:
        if given.secret and not codes_shown:
            return say("documents.code_here", count=count), ()
        if given.secret:
            words = say("documents.below_a_while", count=count, minutes=OPEN_MINUTES)
            return words, tuple(replace(card, secret=True) for card in given.cards)
        return say("documents.below", count=count), given.cards
    place = "page" if given.page else "office"
    if given.secret:
        return say(f"documents.code_{place}", count=count, page=given.page), ()
    names = "\n".join(say("documents.line", name=card.name) for card in given.cards)
    key = "follow" if given.where is Where.FOLLOWING else place
    return say(f"documents.{key}", count=count, names=names, page=given.page), ()
