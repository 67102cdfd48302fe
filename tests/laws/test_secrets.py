"""Law 6 over a whole run: a literal secret of the configuration shows nowhere."""

from __future__ import annotations

from pathlib import Path

import law
from phoenix_hypervisor.documents.secrets import literals, redactor
from rig import HOST, fitted, site_of, tree

SECRET = "hunter2-and-more"


def test_a_literal_secret_shows_nowhere(tmp_path: Path) -> None:
    host = HOST | {
        "users": {"username": "admin", "password_hash": SECRET},
        "samba": {"user": "admin", "password": SECRET, "shares": []},
    }
    (tmp_path / "app.sh").write_text(f"#!/bin/sh\necho {SECRET}\necho {SECRET} >&2\nexit 1\n")
    rig = fitted(site_of(tmp_path, tree(), host))
    assert literals(rig.site.host) == {SECRET}
    rig.redact = redactor(literals(rig.site.host))
    law.no_secret_is_shown(rig, SECRET)
    assert any("********" in event.stdout for event in rig.events if hasattr(event, "stdout"))


def test_the_slice_of_a_script_is_not_written_down(tmp_path: Path) -> None:
    documents = tree()
    documents["lxc_configs"]["950"]["vllm_args"] = ["--api-key", SECRET]
    (tmp_path / "app.sh").write_text("#!/bin/sh\ncat >/etc/slice.json\n")
    rig = fitted(site_of(tmp_path, documents, HOST))
    law.no_secret_is_shown(rig, SECRET)
    assert SECRET in rig.node.files.read("/tank/lxc/subvol-950-disk-0/etc/slice.json")
