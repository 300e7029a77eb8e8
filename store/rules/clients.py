"""The rule on `wrong_client`: contact, mail domain, agreement, site or parent of another company."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from store.mail_domains import domain_sql, mail_domain
from store.rules.mail_providers import PUBLIC
from store.rules.parents import FAMILIES
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_CARDS = """
SELECT t.ticket_id, t.company_id, c.kind, c.name, c.company_id AS whose, c.active
  FROM v_ticket t JOIN choice c ON c.connection = t.connection AND c.kind = {kind} AND c.id = t.{column}
 WHERE {queue} AND NOT t.is_closed AND coalesce(t.company_id, '') <> ''
"""

_MAILS = """
SELECT t.ticket_id, t.company_id, t.contact_email FROM v_ticket t
 WHERE {queue} AND NOT t.is_closed AND coalesce(t.company_id, '') <> '' AND t.contact_email IS NOT NULL
"""

_PARENTS = """
SELECT t.ticket_id, t.company_id, v.parent_id
  FROM v_parent v JOIN v_ticket t ON t.connection = v.connection AND t.ticket_id = v.ticket_id
 WHERE {links} AND {queue} AND NOT t.is_closed AND coalesce(t.company_id, '') <> ''
"""

CLEARED_BY: dict[str, frozenset[str]] = {
    "contact_elsewhere": frozenset({"contact", "company"}),
    "domain_elsewhere": frozenset({"contact", "contact_email", "company"}),
    "agreement_elsewhere": frozenset({"agreement", "company"}),
    "site_elsewhere": frozenset({"site", "company"}),
    "parent_elsewhere": frozenset({"attach", "detach", "company"}),
    "catch_all": frozenset({"company"}),
}
"""Reason -> writes, any of which clears it. Closing the ticket does too, but leaves it where it is wrong."""


def wrong_clients(asked: Asked) -> Iterator[Found]:
    """All reasons of the kind, of open tickets."""
    found = [*_cards(asked), *_domains(asked), *_parents(asked)]
    names = _names(asked, {data["other"] for _, _, data in found})
    for ticket, code, data in found:
        yield _reason(asked, ticket, code, {**data, "other": names.get(data["other"], data["other"])})
    yield from _catch_all(asked)


def _reason(asked: Asked, ticket: str, code: str, data: dict[str, Any]) -> Found:
    offers = asked.capabilities
    return Found(
        kind="wrong_client",
        ticket_id=ticket,
        code=code,
        gate=asked.gates("wrong_client"),
        data=data,
        clears=offers is None or bool(offers.writes & CLEARED_BY[code]),
    )


Elsewhere = tuple[str, str, dict[str, Any]]
"""Ticket id, code, and data with the other company's id as `other`."""


def _cards(asked: Asked) -> Iterator[Elsewhere]:
    """What the lists of contacts, agreements and sites say: active entries before those that are not any more."""
    for kind in ("contact", "agreement", "site"):
        binds = Binds(asked)
        sql = _CARDS.format(queue=binds.queue(), kind=binds.one(kind), column=f"{kind}_id")
        entries: dict[str, list[Any]] = {}
        for row in asked.rows(sql, binds):
            entries.setdefault(row["ticket_id"], []).append(row)
        for ticket, rows in entries.items():
            held = [row for row in rows if row["active"]] or rows
            whose = {row["whose"] for row in held}
            if "" not in whose and rows[0]["company_id"] not in whose:
                yield ticket, f"{kind}_elsewhere", {"name": held[0]["name"], "other": min(whose)}


def _domains(asked: Asked) -> Iterator[Elsewhere]:
    """A mail domain that the cards of exactly one other company have, and none of this one's."""
    binds = Binds(asked)
    asking = []
    for row in asked.rows(_MAILS.format(queue=binds.queue()), binds):
        if (domain := mail_domain(row["contact_email"])) and domain not in PUBLIC:
            asking.append((row["ticket_id"], row["company_id"], domain))
    if not asking:
        return
    whose = _whose_domains(asked, {domain for _, _, domain in asking})
    for ticket, company, domain in asking:
        companies = whose.get(domain, set())
        if len(companies) == 1 and company not in companies:
            yield ticket, "domain_elsewhere", {"name": domain, "other": min(companies)}


def _whose_domains(asked: Asked, domains: set[str]) -> dict[str, set[str]]:
    """Mail domain -> companies whose contacts' cards have it, active or not."""
    domain = domain_sql("c.email")
    binds = Binds(asked)
    sql = (
        f"SELECT DISTINCT {{what}}, c.company_id FROM choice c WHERE c.connection = {binds.connection}"
        " AND c.kind = 'contact' AND c.email IS NOT NULL AND c.company_id <> ''"
        f" AND {domain} IN ({{which}})"
    )
    plain = sql.format(what=f"{domain} AS domain", which=binds.some(sorted(domains)))
    found: dict[str, set[str]] = {}
    for row in asked.rows(plain, binds):
        found.setdefault(row["domain"], set()).add(row["company_id"])
    odd = Binds(asked)
    for row in asked.rows(sql.format(what="c.email", which="''"), odd):
        if (name := mail_domain(row["email"])) in domains:
            found.setdefault(name, set()).add(row["company_id"])
    return found


def _parents(asked: Asked) -> Iterator[Elsewhere]:
    """None of the parents that the PSA shows, and whose company is known, is of the same company."""
    binds = Binds(asked)
    links = list(asked.rows(_PARENTS.format(links=binds.here("v"), queue=binds.queue()), binds))
    if not links:
        return
    few = Binds(asked)
    ids = sorted({row["parent_id"] for row in links})
    where = f" AND p.ticket_id IN ({few.some(ids)})" if len(ids) <= _MANY else ""
    sql = (
        f"SELECT p.ticket_id, p.number, p.company_id FROM v_ticket p WHERE p.connection = {few.connection}"
        f" AND p.presence = 'here' AND coalesce(p.company_id, '') <> ''{where}"
    )
    known = {row["ticket_id"]: row for row in asked.rows(sql, few)}
    of: dict[str, list[Any]] = {}
    company = {}
    for row in links:
        company[row["ticket_id"]] = row["company_id"]
        if row["parent_id"] in known:
            of.setdefault(row["ticket_id"], []).append(known[row["parent_id"]])
    for ticket, parents in of.items():
        if all(parent["company_id"] != company[ticket] for parent in parents):
            first = min(parents, key=lambda parent: (len(parent["ticket_id"]), parent["ticket_id"]))
            yield ticket, "parent_elsewhere", {"name": first["number"], "other": first["company_id"]}


_MANY = 500


def _catch_all(asked: Asked) -> Iterator[Found]:
    """The company only collects what nobody could assign."""
    names = asked.limit("wrong_client", "catch_all")
    if not any(name.strip() for name in names):
        return
    binds = Binds(asked)
    same = binds.same("coalesce(t.company, '')", names)
    sql = (
        f"SELECT t.ticket_id, t.company FROM v_ticket t WHERE {binds.queue()} AND NOT t.is_closed AND {same}"
    )
    for row in asked.rows(sql, binds):
        yield _reason(asked, row["ticket_id"], "catch_all", {"name": row["company"]})


def _names(asked: Asked, companies: set[str]) -> dict[str, str]:
    """Names of companies as tickets have them; a company without a ticket is not there."""
    if not companies:
        return {}
    binds = Binds(asked)
    # Asked for one by one, each is the last entry of an index; grouped, all tickets of the company are gone through.
    sql = (
        f"SELECT c.value AS company_id, (SELECT max(t.company) FROM ticket t WHERE t.connection = {binds.connection}"
        f" AND t.company_id = c.value) AS name FROM json_each({binds.one(json.dumps(sorted(companies)))}) c"
    )
    return {row["company_id"]: row["name"] for row in asked.rows(sql, binds) if row["name"] is not None}


RULES = (Rule(kinds=("wrong_client",), find=wrong_clients, groups=FAMILIES),)
