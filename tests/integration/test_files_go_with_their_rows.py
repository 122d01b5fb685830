"""A stored file is removed only together with the rows that name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from intake.attachments import _path, add_attachment, check_file, discard_attachments, write_file
from intake.office import Office
from tests.factories import NOW, build_office

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    opened = build_office(database_url, tmp_path)
    yield opened
    opened.store.close()


def stored(office: Office, content: bytes = PDF) -> str:
    checked = check_file(content, "giấy tờ.pdf")
    digest = write_file(office, checked)
    with office.store.write() as tx:
        return add_attachment(office, tx, checked, digest, conversation_id=None, now=NOW)


def files(office: Office) -> int:
    """How many files lie in the store (its folder is made with the first)."""
    folder = _path(office, "0" * 64).parents[1]
    return sum(path.is_file() for path in folder.rglob("*"))


def test_a_file_that_is_discarded_goes_when_that_is_committed(office: Office) -> None:
    uid = stored(office)
    with office.store.write() as tx:
        discard_attachments(office, tx, [uid])
        assert files(office) == 1
    assert files(office) == 0


def test_a_file_stays_when_discarding_it_is_not_committed(office: Office) -> None:
    uid = stored(office)
    with suppress(LookupError), office.store.write() as tx:
        discard_attachments(office, tx, [uid])
        raise LookupError
    assert files(office) == 1


def test_a_file_that_another_row_names_stays(office: Office) -> None:
    first, _ = stored(office), stored(office)
    with office.store.write() as tx:
        discard_attachments(office, tx, [first])
    assert files(office) == 1


def test_a_file_named_anew_in_the_same_transaction_stays(office: Office) -> None:
    uid, checked = stored(office), check_file(PDF, "giấy tờ khác.pdf")
    with office.store.write() as tx:
        discard_attachments(office, tx, [uid])
        digest = write_file(office, checked)
        add_attachment(office, tx, checked, digest, conversation_id=None, now=NOW)
    assert files(office) == 1
