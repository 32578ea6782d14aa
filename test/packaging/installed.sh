#!/usr/bin/env bash
# Installs a built package in a fresh Debian that is really booted by systemd, and looks at it there:
# service, doctor, exposure, timers, backup, watchdog, upgrade with data kept, removal, purge.
# Needs root, debootstrap and systemd-container. Usage: installed.sh PACKAGE.deb [SUITE]
set -euo pipefail
package=$(readlink -f "$1")
suite=${2:-trixie}
mirror=${MIRROR:-$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)}
root=$(mktemp -d /tmp/genkan-board.XXXXXX)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,ca-certificates \
  "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$package" "$root/root/genkan.deb"
inside() { systemd-nspawn -q --register=no --keep-unit -D "$root" "$@"; }
inside sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends /root/genkan.deb' >/dev/null

cat >"$root/root/look.sh" <<'LOOK'
#!/bin/bash
exec >/root/look.log 2>&1
passed=0 failed=0
check() {
  local name=$1
  shift
  if "$@"; then passed=$((passed + 1)); echo "ok: $name"; else failed=$((failed + 1)); echo "NOT OK: $name"; fi
}
until_true() { for _ in $(seq 1 "$1"); do "${@:2}" && return 0; sleep 1; done; return 1; }
is_up() { systemctl is-active -q genkan.service; }
exposure() { systemd-analyze security genkan.service --no-pager | sed -nE 's/.*exposure level[^:]*: ([0-9.]+).*/\1/p'; }
pid() { systemctl show -p MainPID --value genkan.service; }

check 'the service is up' until_true 180 is_up
systemctl --no-pager -l status genkan.service | head -8
check 'the doctor finds no fault' genkan doctor
check "exposure $(exposure) is at most 2.0" awk "BEGIN { exit !($(exposure) <= 2.0) }"
check 'the backup timer waits' systemctl is-active -q genkan-backup.timer
check 'a backup is made and verified' systemctl start genkan-backup.service
check 'the store belongs to genkan alone' test "$(stat -c '%U %a' /var/lib/genkan/genkan.db)" = 'genkan 600'
check 'the key belongs to genkan alone' test "$(stat -c '%U %a' /etc/genkan/key)" = 'genkan 400'

before=$(pid)
kill -STOP "$before"
other() { is_up && [ "$(pid)" != "$before" ] && [ "$(pid)" != 0 ]; }
check 'the watchdog ends a daemon that hangs, and a new one comes up' until_true 240 other
check 'and systemd says so' sh -c 'journalctl -u genkan --no-pager | grep -q "Watchdog timeout"'

key=$(sha256sum /etc/genkan/key)
genkan token add kept >/dev/null
check 'the package is installed over itself' dpkg -i /root/genkan.deb
check 'with its key' test "$key" = "$(sha256sum /etc/genkan/key)"
check 'and its data kept' sh -c 'genkan token list | grep -q kept'
check 'it is removed, data kept' sh -c 'dpkg -r genkan && test -e /var/lib/genkan/genkan.db'
check 'it is purged, with everything biometric' sh -c 'dpkg -P genkan && ! ls -d /var/lib/genkan /etc/genkan /var/backups/genkan 2>/dev/null'
echo "$passed passed, $failed failed"
systemctl poweroff
LOOK
chmod 755 "$root/root/look.sh"
cat >"$root/etc/systemd/system/look.service" <<'UNIT'
[Unit]
After=genkan.service
[Service]
ExecStart=/root/look.sh
[Install]
WantedBy=multi-user.target
UNIT
inside systemctl enable -q look.service
timeout 1500 systemd-nspawn -q --register=no --keep-unit -bD "$root" >/dev/null 2>&1 || true
cat "$root/root/look.log"
tail -n 1 "$root/root/look.log" | grep -q ', 0 failed$'
