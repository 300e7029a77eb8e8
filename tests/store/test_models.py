"""The tables and the records have the same field names."""

import msgspec

from connectors.contract import Attachment, Choice, NoteRecord, TicketRecord, TimeRecord
from store import models


def fields(record: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(record)}


def test_ticket_columns_follow_the_record() -> None:
    elsewhere = {"parent_ids", "custom"}  # in tables of their own
    assert fields(TicketRecord) - elsewhere <= set(models.TicketColumns.model_fields)


def test_note_time_and_choice_columns_follow_the_records() -> None:
    assert fields(NoteRecord) - {"attachments"} <= set(models.NoteColumns.model_fields)
    assert fields(Attachment) <= set(models.FileRow.model_fields)
    assert fields(TimeRecord) <= set(models.TimeColumns.model_fields)
    assert fields(Choice) <= set(models.ChoiceRow.model_fields)


def test_an_overlay_has_the_columns_of_what_it_lies_over() -> None:
    for base, over in [
        (models.Ticket, models.TicketOverlay),
        (models.Note, models.NoteOverlay),
        (models.TimeEntry, models.TimeOverlay),
        (models.TicketParent, models.ParentOverlay),
        (models.TicketCustom, models.CustomOverlay),
    ]:
        assert set(base.model_fields) == set(over.model_fields)
