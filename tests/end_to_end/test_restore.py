"""The way back, from outside: after damage, after what went out since, while another deskzero runs."""

from __future__ import annotations

import time

from tests.end_to_end.shop import Shop, wait_for


def keep_now(shop: Shop) -> str:
    """A backup of the journal as it is: the earlier ones are made older, as if ten minutes had passed."""
    folder = shop.cli.home / "backups"
    for number, path in enumerate(sorted(folder.glob("journal-*.db"))):
        path.rename(folder / f"journal-2026010{number + 1}T000000Z.db")
    assert shop.cli.run("doctor").code == 0
    return max(path.name for path in folder.glob("journal-*.db"))


def damage(shop: Shop) -> None:
    path = shop.cli.home / "journal.db"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 9_000)


def test_a_note_that_went_out_after_the_backup_is_found_and_not_doubled(shop: Shop) -> None:
    assert shop.cli.run("fix", shop.fine, "--note", "Disk replaced.", "--later").code == 0
    assert shop.cli.run("fix", shop.asked, "--reply", "It works again.", "--later").code == 0
    assert shop.cli.run("fix", shop.uncoded, "--billing-code", "Remote Support", "--later").code == 0
    name = keep_now(shop)
    time.sleep(4.1)  # as long as they are held in this shop
    assert shop.cli.run("sync").code == 0
    assert shop.states() == ["confirmed"] * 3
    assert len(shop.world.mails) == 1
    written = len(shop.world.writes)

    damage(shop)
    refused = shop.cli.run("sync")
    assert refused.code == 2
    assert "journal.db is damaged" in refused.error[0]
    assert "deskzero restore" in refused.error[1]
    assert "deskzero restore" in shop.cli.run("doctor").out
    listed = shop.cli.run("restore")
    assert listed.code == 0
    (line,) = [line for line in listed.out.splitlines() if line.startswith(name)]
    assert "3 changes, 3 open · sound" in line
    asked = shop.cli.run("restore", name)
    assert asked.code == 2
    assert "--yes" in asked.error[1]
    done = shop.cli.run("restore", name, "--yes")
    assert done.code == 0, done.err
    assert "3 changes had not ended then" in done.out
    assert list(shop.cli.home.glob("journal.db.replaced-*"))

    for _ in range(2):
        shop.cli.run("sync")
    assert shop.states() == ["uncertain"] * 3, "nothing goes out by itself"
    assert len(shop.world.writes) == written
    answer = shop.cli.run("check", "--offline", "--json").json
    assert (answer["verdict"], answer["outbox"]) != ("zero", 0)
    for change in shop.cli.run("outbox", "--json").json:
        assert "put back from a backup" in change["error"]
        again = shop.cli.run("outbox", "--retry", change["change"])
        assert again.code == 0, again.err
    assert shop.states() == ["confirmed"] * 3
    assert len(shop.notes(shop.fine, "Disk replaced.")) == 1
    assert len(shop.notes(shop.asked, "It works again.")) == 1
    assert len(shop.world.mails) == 1
    assert len(shop.world.writes) == written
    assert shop.code(shop.uncoded) == "Remote Support"


def test_a_note_that_never_went_out_goes_once_when_a_person_says_so(shop: Shop) -> None:
    assert shop.cli.run("fix", shop.fine, "--note", "Disk replaced.", "--later").code == 0
    keep_now(shop)
    damage(shop)
    assert shop.cli.run("restore", "newest", "--yes").code == 0
    time.sleep(4.1)
    assert shop.cli.run("sync").code == 0
    assert shop.notes(shop.fine, "Disk replaced.") == []
    (change,) = shop.cli.run("outbox", "--json").json
    assert shop.cli.run("outbox", "--retry", change["change"]).code == 0
    assert len(shop.notes(shop.fine, "Disk replaced.")) == 1
    assert shop.states() == ["confirmed"]


def test_while_another_deskzero_runs_nothing_is_put_back(shop: Shop) -> None:
    assert shop.cli.run("restore", "newest", "--yes").code == 0
    process = shop.start("sync", "--watch", "60")
    running = shop.cli.home / "running"
    wait_for(lambda: [path for path in running.iterdir() if path.name != "gate"])
    refused = shop.cli.run("restore", "newest", "--yes")
    assert refused.code == 2
    assert "Another deskzero" in refused.error[0]
    process.kill()
    process.wait(10)
    assert shop.cli.run("restore", "newest", "--yes").code == 0
