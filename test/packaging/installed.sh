#!/usr/bin/env bash
# Installs a built package in a fresh Debian that is really booted by systemd, and looks at it there:
# service, doctor, exposure, an identification, timers and what they start, backup, watchdog, an upgrade with
# data kept, an update that stays and one that is taken back, setup, removal, purge, and a fresh install while
# systemd runs.
# Needs root, debootstrap, systemd-container, ffmpeg and openssl. Usage: installed.sh PACKAGE.deb [SUITE] [BASE]
# With DISPLAY_TOO=1 also the display: cage and Chromium, 600 MB more, drawing into memory for want of a screen.
# An unpacked Debian at BASE, with systemd, dbus and udev, is copied instead of a fresh one; it stays as it is.
set -euo pipefail
package=$(readlink -f "$1")
suite=${2:-trixie}
mirror=${MIRROR:-$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)}
base=${3:-}
root=$(mktemp -d /tmp/genkan-board.XXXXXX)
trap 'rm -rf "$root"' EXIT

if [ -n "$base" ]; then
  cp -a "$base/." "$root"
else
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,ca-certificates \
    "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
  rm -f "$root.log"
fi
# It is the root of a system: everybody may pass through.
chmod 755 "$root"
# What is thrown away need not be synced at each file.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$package" "$root/root/genkan.deb"

# Two releases made of the same package: one that is as good, one whose daemon does not start.
release() {
  local tree="$root.release" version=$1
  rm -rf "$tree"
  dpkg-deb -R "$package" "$tree"
  sed -i "s/^Version: .*/Version: $version/" "$tree/DEBIAN/control"
  sed -i "s/\"version\": \"[^\"]*\"/\"version\": \"$version\"/" "$tree/usr/lib/genkan/package.json"
  [ "$2" = good ] || echo 'throw new Error("this release is broken")' >"$tree/usr/lib/genkan/build/src/daemon.js"
  dpkg-deb -Zgzip -z1 -b "$tree" "$root/root/genkan_${version}_$(dpkg-deb -f "$package" Architecture).deb" >/dev/null
  rm -rf "$tree"
}
release 7.0.0 good
release 8.0.0 broken
openssl genpkey -algorithm ed25519 -out "$root/root/release.pem"
openssl pkey -in "$root/root/release.pem" -pubout -out "$root/root/release.pub"
here=$(cd "$(dirname "$0")/../.." && pwd)
ffmpeg -v error -y -ss 12 -i "$here/models/.cache/assets/franck.mp4" -frames:v 1 "$root/root/enrolled.jpg"
ffmpeg -v error -y -ss 31 -i "$here/models/.cache/assets/franck.mp4" -frames:v 1 "$root/root/again.jpg"
inside() { systemd-nspawn -q --register=no --keep-unit -D "$root" "$@"; }
inside sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends /root/genkan.deb' >/dev/null
if [ -n "${DISPLAY_TOO:-}" ]; then
  inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends cage chromium xwayland grim fonts-dejavu-core' >/dev/null
fi

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
refused() { ! "$@"; }
# By order: a daemon that its own watchdog restarts, because the machine is too slow, says nothing of this kind.
stops() { journalctl -u genkan -o cat --no-pager | grep -c '^Stopped genkan'; }
complains() { grep -E 'Job for|Warning|[Ff]ailed|does not start' <<<"$1"; }
# A timer's hour has come.
soon() {
  mkdir -p "/run/systemd/system/$1.timer.d"
  printf '[Timer]\nOnCalendar=\nOnActiveSec=1\nRandomizedDelaySec=0\nAccuracySec=1\n' >"/run/systemd/system/$1.timer.d/soon.conf"
  systemctl daemon-reload
  systemctl restart "$1.timer"
}
property() { systemctl show -p "$2" --value "$1"; }
ran() { [ "$(property "$1" ExecMainExitTimestampMonotonic)" -gt "${2:-0}" ] && [ "$(property "$1" Result)" = success ]; }
exposure() { systemd-analyze security genkan.service --no-pager | sed -nE 's/.*exposure level[^:]*: ([0-9.]+).*/\1/p'; }
pid() { systemctl show -p MainPID --value genkan.service; }

check 'the service is up' until_true 180 is_up
systemctl --no-pager -l status genkan.service | head -8
check 'the doctor finds no fault' genkan doctor
check "exposure $(exposure) is at most 2.0" awk "BEGIN { exit !($(exposure) <= 2.0) }"
check 'the backup timer waits' systemctl is-active -q genkan-backup.timer
check 'a backup is made and verified' sh -c 'systemctl start genkan-backup.service && ls /var/backups/genkan/genkan-*.backup'
check 'the store belongs to genkan alone' test "$(stat -c '%U %a' /var/lib/genkan/genkan.db)" = 'genkan 600'
check 'the key belongs to genkan alone' test "$(stat -c '%U %a' /etc/genkan/key)" = 'genkan 400'

cp /root/*.jpg /var/lib/genkan/
check 'a man is enrolled' genkan enroll Franck /var/lib/genkan/enrolled.jpg
check 'another picture of him is his' sh -c 'genkan identify --json /var/lib/genkan/again.jpg | grep "\"outcome\":\"match\""'
rm /var/lib/genkan/*.jpg
before=$(property genkan-backup.service ExecMainExitTimestampMonotonic)
soon genkan-backup
check 'the backup timer starts a backup at its hour' until_true 180 ran genkan-backup.service "$before"
# The site agrees to it.
mkdir -p /run/systemd/system/genkan-learn.service.d
printf '[Service]\nEnvironment=GENKAN_LEARNING_ENROLMENTS=true\n' >/run/systemd/system/genkan-learn.service.d/agreed.conf
systemctl enable -q --now genkan-learn.timer
check 'the learning timer, switched on, waits' systemctl is-active -q genkan-learn.timer
soon genkan-learn
check 'and starts the learning at its hour' until_true 300 ran genkan-learn.service
check 'which says why it learnt nothing from one man' sh -c 'journalctl -u genkan-learn -o cat --no-pager | grep "too few persons"'
check 'setup asks nothing with --yes' genkan setup --yes --config /etc/genkan/genkan.yaml --door-name 'Side door' --camera replay
check 'and the door has its name' grep -q 'Side door' /etc/genkan/genkan.yaml
check 'the service is up again' until_true 180 is_up
check 'a board that is applied is in place' sh -c 'genkan board apply && genkan board apply --dry-run | grep "everything is in place"'
check 'and is put back' sh -c 'genkan board revert && ! test -e /etc/udev/rules.d/60-genkan.rules'

if command -v cage >/dev/null; then
  mkdir -p /run/systemd/system/genkan-kiosk.service.d
  cat >/run/systemd/system/genkan-kiosk.service.d/headless.conf <<'UNIT'
[Service]
Environment=WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1 WLR_RENDERER=pixman XDG_RUNTIME_DIR=%t/genkan-kiosk
PAMName=
TTYPath=
TTYReset=no
TTYVHangup=no
StandardInput=null
UNIT
  check 'setup switches the display on' sh -c 'genkan setup --yes --config /etc/genkan/genkan.yaml --door-name "Side door" --camera replay --kiosk | grep "display is on"'
  displays() { genkan token list --json | grep -o '"kiosk display"' | wc -l; }
  check 'set up again it is started anew' sh -c 'genkan setup --yes --config /etc/genkan/genkan.yaml --door-name "Side door" --camera replay --kiosk | grep "display is on"'
  check 'with a token in place of the first' test "$(displays)" = 1
  shown() { genkan token list --json | grep -o '{[^{}]*"kiosk display"[^{}]*}' | grep -q '"lastUsedAtMs":[0-9]'; }
  check 'its page speaks with the daemon' until_true 180 shown
  sleep 20
  check 'no command line tells its token' refused grep -aqs 'token=[g]enkan' /proc/[0-9]*/cmdline
  check 'nor a file that others can read' test "$(stat -c '%U %a' /run/genkan-kiosk/display.html)" = 'genkan-kiosk 600'
  check 'the display is up' systemctl is-active -q genkan-kiosk.service
  check 'and was not restarted' test "$(property genkan-kiosk.service NRestarts)" = 0
  systemctl --no-pager -l status genkan-kiosk.service | head -20
  journalctl -u genkan-kiosk -o cat --no-pager | tail -n 20
  check 'it shows a picture' setpriv --reuid genkan-kiosk --regid genkan-kiosk --clear-groups env \
    XDG_RUNTIME_DIR=/run/genkan-kiosk WAYLAND_DISPLAY=wayland-0 grim /run/genkan-kiosk/kiosk.png
  cp /run/genkan-kiosk/kiosk.png /root/ || true
fi

before=$(pid)
kill -STOP "$before"
other() { is_up && [ "$(pid)" != "$before" ] && [ "$(pid)" != 0 ]; }
check 'the watchdog ends a daemon that hangs, and a new one comes up' until_true 240 other
check 'and systemd says so' sh -c 'journalctl -u genkan --no-pager | grep -q "Watchdog timeout"'

key=$(sha256sum /etc/genkan/key)
genkan token add kept >/dev/null
before=$(stops)
said=$(dpkg -i /root/genkan.deb 2>&1)
check 'the package is installed over itself' test $? = 0
check 'without a complaint' refused complains "$said"
check 'and comes up' until_true 180 is_up
check 'after one restart' test "$(stops)" = $((before + 1))
check 'with its key' test "$key" = "$(sha256sum /etc/genkan/key)"
check 'and its data kept' sh -c 'genkan token list | grep -q kept'
cd /root || exit 1
for version in 7.0.0 8.0.0; do genkan update sign "$version" "genkan_${version}_$(dpkg --print-architecture).deb" --key release.pem --out "$version.json"; done
runs() { genkan --version; }
check 'a good update stays' genkan update install 7.0.0.json --key release.pub
check 'and runs' test "$(runs)" = 7.0.0
check 'and has the data' sh -c 'genkan token list | grep -q kept'
check 'a changed manifest is refused' refused sh -c 'sed s/8.0.0/9.0.0/ 8.0.0.json >9.0.0.json; cp 8.0.0.json.sig 9.0.0.json.sig; genkan update install 9.0.0.json --key release.pub'
told=$(genkan update install 8.0.0.json --key release.pub 2>&1)
echo "$told"
check 'an update that does not start is taken back' grep -q '8.0.0 did not become healthy; 7.0.0 runs again' <<<"$told"
check 'to the version before' test "$(runs)" = 7.0.0
check 'which is up' until_true 180 is_up
check 'with its data' sh -c 'genkan token list | grep -q kept'
check 'nothing is on trial' sh -c 'genkan update status --json | grep "\"trial\":null"'
check 'nothing native failed meanwhile' refused sh -c 'journalctl --no-pager | grep -E "Assertion failed|SIGSEGV|status=11/SEGV"'
check 'it is removed, data kept' sh -c 'dpkg -r genkan && test -e /var/lib/genkan/genkan.db'
check 'nothing of it runs on' refused sh -c 'systemctl list-units --no-legend --state=active "genkan*" | grep genkan'
purged() { dpkg -P genkan && ! ls -d /var/lib/genkan /etc/genkan /var/backups/genkan /var/lib/genkan-releases 2>/dev/null; }
check 'it is purged, with everything biometric' purged
said=$(dpkg -i /root/genkan.deb 2>&1)
check 'a fresh install on a running system' test $? = 0
check 'has nothing to complain of' refused complains "$said"
check 'and is up at once' is_up
check 'it is purged again' purged
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
timeout 3000 systemd-nspawn -q --register=no --keep-unit -bD "$root" >/dev/null 2>&1 || true
cat "$root/root/look.log"
[ ! -e "$root/root/kiosk.png" ] || cp "$root/root/kiosk.png" "${PICTURE:-/tmp/genkan-kiosk.png}"
# Not the last line: systemctl may tell that the bus went before it.
grep -qE '^[0-9]+ passed, 0 failed$' "$root/root/look.log"
