#!/bin/sh
set -eu
given=$(cat)
field() { printf '%s' "$given" | sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p"; }
host_name=$(field host_name)
wanted="${host_name:+$host_name: }$(field text)"

case $1 in
  check) [ "$(cat /etc/motd 2>/dev/null)" = "$wanted" ] || exit 3 ;;
  apply) printf '%s\n' "$wanted" >/etc/motd ;;
esac
