"""Where a canonical field of a ticket stands in `v_ticket`: one place for the rules and for whoever only reads."""

from __future__ import annotations

_VALUES = {
    # A name, or the id where the PSA gave no name: a contact without a name is still a contact.
    "contact": "coalesce(t.contact, t.contact_id)",
    "agreement": "coalesce(t.agreement, t.agreement_id)",
    "type": "coalesce(t.type, t.type_id)",
    "priority": "coalesce(t.priority, t.priority_id)",
    "site": "coalesce(t.site, t.site_id)",
    "owner": "coalesce(t.owner, t.owner_id)",
}


def value_sql(field: str) -> str:
    """SQL for the field's value in a row `t` of `v_ticket`. `field` is one of `TICKET_FIELDS`."""
    return _VALUES.get(field, f"t.{field}")
