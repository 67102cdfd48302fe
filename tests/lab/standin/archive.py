"""A stand-in for Proxmox's package archive, on the machine itself: signed, served by HTTP, and empty."""

from __future__ import annotations

SET_UP = r"""
set -e
root=/srv/standin-archive
dist=$root/debian/pve/dists/bookworm
mkdir -p "$dist/pve-no-subscription/binary-amd64"
: >"$dist/pve-no-subscription/binary-amd64/Packages"
cd "$dist"
{
  printf 'Origin: Stand-in of the lab\nSuite: bookworm\nCodename: bookworm\nArchitectures: amd64\n'
  printf 'Components: pve-no-subscription\nDate: %s\nSHA256:\n' "$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')"
  file=pve-no-subscription/binary-amd64/Packages
  printf ' %s %s %s\n' "$(sha256sum <$file | cut -d ' ' -f 1)" "$(stat -c %s $file)" "$file"
} >Release
export GNUPGHOME=$(mktemp -d)
gpg --batch --quiet --passphrase '' --quick-generate-key 'Stand-in of the lab' ed25519 sign never
gpg --batch --quiet --yes --clearsign -o InRelease Release
gpg --batch --quiet --export >/etc/apt/trusted.gpg.d/standin.gpg
gpgconf --kill all
rm -rf "$GNUPGHOME"
grep -q download.proxmox.com /etc/hosts || echo '127.0.0.1 download.proxmox.com' >>/etc/hosts
cat >/etc/systemd/system/phoenix-standin-archive.service <<END
[Unit]
Description=Stand-in of the lab for Proxmox's package archive

[Service]
ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 --directory $root 80

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now --quiet phoenix-standin-archive.service
"""
"""What is run on the machine, by ``sh``."""
