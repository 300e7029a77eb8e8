"""How good the suggested billing codes are: `python -m tests.suggestions [--tickets N] [--seeds N]`.

A simulated shop's tickets are pulled into a cache as `deskzero sync` does it. Their codes are what its technicians
chose (in the shop 15 of 100 at random, so nobody can be right about all). The newer third is held out and asked for
in turn, each after the ones before it are known, as in a day's work. Beside it stands the most frequent code, which
needs no knowledge of the ticket.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from connectors.contract import Ref
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.desk import Desk
from store.home import Home
from store.read import Reader
from store.settings import load
from store.settings_save import save_connection
from store.suggestions import History, Like, learnt

HELD_OUT = 3
"""One third."""


@dataclass
class Score:
    """What came of the tickets that were asked for."""

    asked: int = 0
    first: int = 0
    three: int = 0
    answered: int = 0
    right_when_answered: int = 0
    strong: int = 0
    right_when_strong: int = 0
    baseline: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, history: History, like: Like, code: Ref) -> None:
        self.asked += 1
        ranked = [one.code for one in history.ranked(like)]
        self.first += ranked[:1] == [code.id]
        self.three += code.id in ranked[:3]
        usual = history.most_frequent()
        self.baseline += usual is not None and usual.id == code.id
        said = history.suggest(like)
        if said is None:
            return
        self.answered += 1
        self.right_when_answered += said.code.id == code.id
        if said.strength == "strong":
            self.strong += 1
            self.right_when_strong += said.code.id == code.id


def judged(cases: list[tuple[Like, Ref]]) -> Score:
    """The newer part asked for, one after the other; each is learnt once it was asked for."""
    kept = len(cases) - len(cases) // HELD_OUT
    history, score = learnt(cases[:kept]), Score()
    for like, code in cases[kept:]:
        score.add(history, like, code)
        history.learn(like, code)
    return score


async def of_shop(seed: int, tickets: int, folder: Path) -> list[tuple[Like, Ref]]:
    """The cases that the cache holds of a simulated shop, oldest first."""
    home = Home.at(folder)
    save_connection(home.config, "demo", demo_settings() | {"scope": "all"})
    transports = {"demo": demo_transport(World(seed, tickets, speed=0.0))}
    async with Desk(home, load(home.config), transports=transports, secrets={"demo": demo_secrets()}) as desk:
        await desk.round(full=True)
    return [(like, code) for _, like, code in Reader(home, load(home.config)).code_cases("demo")]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.suggestions", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    line = "{:<6}{:>10}{:>8}{:>8}{:>10}{:>10}{:>12}{:>9}{:>15}\n"
    heads = (
        "shop",
        "held out",
        "top 1",
        "top 3",
        "baseline",
        "abstains",
        "says right",
        "strong",
        "strong right",
    )
    sys.stdout.write(line.format(*heads))
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            score = judged(asyncio.run(of_shop(seed, given.tickets, Path(folder))))
        sys.stdout.write(
            line.format(
                seed,
                score.asked,
                _share(score.first, score.asked),
                _share(score.three, score.asked),
                _share(score.baseline, score.asked),
                _share(score.asked - score.answered, score.asked),
                _share(score.right_when_answered, score.answered),
                _share(score.strong, score.asked),
                _share(score.right_when_strong, score.strong),
            )
        )
    return 0


def _share(part: int, whole: int) -> str:
    return "–" if whole == 0 else f"{100 * part / whole:.0f} %"


if __name__ == "__main__":
    sys.exit(main())
