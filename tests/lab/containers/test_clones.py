"""Clones: what they inherit, what they have for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.containers.site import BASE, Site, network, standins

TEMPLATE, TWINS = 940, (941, 942)
COUNTING = """\
#!/bin/sh
set -eu
given=$(cat)
case $1 in
  check) grep -qsxF "$given" /srv/given || exit 3 ;;
  apply)
    printf '%s\\n' "$given" >/srv/given
    echo ran >>/srv/runs ;;
esac
"""
MANIFEST = """\
{
  "name": "counting",
  "summary": "Counts how often it ran.",
  "executable": "counting.sh",
  "schema": { "properties": { "text": { "type": "string" } }, "required": ["text"] }
}
"""


def declare(site: Site, text: str) -> None:
    """A template with a feature that counts its runs, and two clones of it."""
    site.write("features.d/counting.sh", COUNTING)
    site.write("features.d/counting.json", MANIFEST)
    site.declare(
        TEMPLATE,
        clone_from_ctid=str(BASE),
        features=["counting"],
        feature_config={"counting": {"text": text}},
        is_template=True,
        template_snapshot_name="counted",
        start_at_boot=False,
    )
    for ctid in TWINS:
        site.declare(ctid, clone_from_ctid=str(TEMPLATE))


@pytest.fixture(scope="module")
def twins(site: Site) -> Iterator[Site]:
    declare(site, "first")
    site.converged(*TWINS)
    yield site
    site.gone(*TWINS, TEMPLATE)


def test_they_inherit_layers_and_do_not_run_them_again(twins: Site) -> None:
    standins()
    for ctid in TWINS:
        assert twins.inside(ctid, "cat /srv/runs; jq -n 1+1") == "ran\n2\n"
        assert twins.inside(ctid, "ls /var/lib/phoenix/layers").split() == ["base_setup", "counting", "surroundings"]


def test_each_has_keys_of_its_own_which_its_server_shows(twins: Site) -> None:
    standins()
    shown = [_offered(twins, ctid) for ctid in TWINS]
    written = [twins.inside(ctid, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[1] for ctid in TWINS]
    assert shown == written
    assert len(set(written)) == len(TWINS)


def _offered(site: Site, ctid: int) -> str:
    """The key that the SSH server of a container shows to the node."""
    address = network(ctid)["ip"].partition("/")[0]
    return site.node.out("ssh-keyscan", "-t", "ed25519", address).split()[2]


def test_each_has_a_machine_id_of_its_own(twins: Site) -> None:
    standins()
    ids = [twins.inside(ctid, "cat /etc/machine-id; systemd-id128 machine-id").split() for ctid in TWINS]
    assert all(len(set(pair)) == 1 and len(pair[0]) == 32 for pair in ids), ids
    assert ids[0] != ids[1]


def test_a_layer_that_changed_in_the_template_is_told_of_the_clones_until_they_are_made_anew(twins: Site) -> None:
    standins()
    declare(twins, "second")
    planned = twins.phoenix("plan", *map(str, TWINS))
    print(planned.said)
    assert "counting" in planned.said, planned.said
