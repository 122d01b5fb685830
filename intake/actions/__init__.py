"""What can be done to a petition: one function an action, by the stage it belongs to.

An action takes the office and the caller's transaction, checks person, status and law, and writes
change, timeline entry and notice together; the caller's `with office.store.write()` commits them
or nothing.
"""

from intake.actions.acceptance import CheckedFile
from intake.actions.answering import Answer, answer, close, reopen
from intake.actions.citizen import add_information, withdraw
from intake.actions.documents import carries_documents, give_documents
from intake.actions.filing import Filed, Receipt, file_petition, new_receipt
from intake.actions.handling import (
    FACTS,
    accept,
    assign,
    forward,
    guide,
    link,
    receive_signed,
    reclassify,
    reject,
    request_information,
    reroute,
)
from intake.actions.notices import retry_notice
from intake.actions.rehome import (
    Rehoming,
    officers_at_closed_bodies,
    planned_rehomings,
    rehome_petitions,
)
from intake.actions.steps import record_step, take_back_step
from intake.actions.terms import extend, resume, suspend

__all__ = [
    "FACTS",
    "Answer",
    "CheckedFile",
    "Filed",
    "Receipt",
    "Rehoming",
    "accept",
    "add_information",
    "answer",
    "assign",
    "carries_documents",
    "close",
    "extend",
    "file_petition",
    "forward",
    "give_documents",
    "guide",
    "link",
    "new_receipt",
    "officers_at_closed_bodies",
    "planned_rehomings",
    "receive_signed",
    "reclassify",
    "record_step",
    "rehome_petitions",
    "reject",
    "reopen",
    "request_information",
    "reroute",
    "resume",
    "retry_notice",
    "suspend",
    "take_back_step",
    "withdraw",
]
