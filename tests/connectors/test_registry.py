"""The registry: built-in connectors, and third parties that join by an entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from connectors import SPECS, OptionsError, known, open_connector, spec
from connectors.contract import Connector, Spec
from connectors.simulators.serve import demo_secrets, demo_settings

THIRD_PARTY = """
import msgspec
from connectors.contract import Spec

class Options(msgspec.Struct, forbid_unknown_fields=True):
    url: str

SPEC = Spec(psa="paperpsa", title="Paper PSA", options=Options, secrets=(), open=lambda *a, **k: object())
NONSENSE = 5
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution as pip would install it."""
    (tmp_path / "paperpsa.py").write_text(THIRD_PARTY, encoding="utf-8")
    info = tmp_path / "paperpsa-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paperpsa\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[deskzero.connectors]\npaperpsa = paperpsa:SPEC\nnonsense = paperpsa:NONSENSE\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("psa", sorted(SPECS))
def test_built_in_ones_describe_themselves(psa):
    found = spec(psa)
    assert found.psa == psa and found.title and found.secrets
    assert issubclass(found.options, msgspec.Struct)
    assert found.options.__struct_config__.forbid_unknown_fields


def test_a_third_party_joins_by_an_entry_point(third_party):
    assert isinstance(spec("paperpsa"), Spec) and spec("paperpsa").title == "Paper PSA"
    assert {"paperpsa", "algapsa", "connectwise", "revio", "rt", "syncro"} <= set(known())


def test_what_is_no_connector_is_refused_in_words(third_party):
    with pytest.raises(ValueError, match="does not offer a Spec"):
        spec("nonsense")
    with pytest.raises(ValueError, match="lacks parts of the contract"):
        open_connector("paperpsa", "x", {"url": "https://x"}, {})


def test_an_unknown_one_lists_the_known():
    with pytest.raises(ValueError, match=r"“hal”.*connectwise.*rt"):
        spec("hal")


def test_connectwise_keeps_the_contract():
    own = ("url", "company", "client_id", "public_key", "technician")
    options = {key: demo_settings()[key] for key in own}
    psa = open_connector("connectwise", "demo", options, demo_secrets())
    assert isinstance(psa, Connector) and psa.requests == 0
    can = psa.capabilities
    assert can.undoable <= can.writes and can.mails <= can.writes and set(can.absent).isdisjoint(can.writes)


def test_an_option_of_the_wrong_type_says_what_is_expected():
    with pytest.raises(OptionsError) as caught:
        open_connector("connectwise", "x", {"url": 5}, {})
    assert caught.value.key and caught.value.expected


def test_describing_connectors_does_not_load_the_http_client():
    """Settings are checked before the first paint; httpx costs a good part of it."""
    code = (
        "import sys, connectors\n"
        "connectors.spec('connectwise'); connectors.spec('halopsa'); connectors.spec('rt')\n"
        "heavy = {'httpx', 'stamina', 'sqlmodel', 'sqlalchemy', 'keyring'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("psa", sorted(SPECS))
def test_help_is_for_what_there_is_and_leaves_nothing_out(psa):
    """`deskzero connect` asks with these words; where there is none it asks with the bare key."""
    found = spec(psa)
    options = {field.encode_name: field for field in msgspec.structs.fields(found.options)}
    known = {*options, *found.secrets}
    assert {key.partition(".")[0] for key in found.help} <= known
    assert all(one.label and one.where and "\n" not in one.where for one in found.help.values())
    if found.help:
        needed = {key for key, field in options.items() if field.required} | {*found.secrets}
        assert needed <= set(found.help)
        assert max(len(one.label) for one in found.help.values()) <= 20
        assert max(len(one.where) for one in found.help.values()) <= 53  # one line at 80 columns
