#!/bin/sh
# `docker exec whatsapp-server doctor`, and the same for backup and restore.
#
# docker exec arrives as root, while the gateway runs as PUID:PGID: a check made
# as root would call a folder writable that the gateway cannot write, and a file
# made as root would lock it out. So every command becomes that user first.
# The image has no npm, but what people type is `npm run doctor`: that works too.
# shellcheck shell=dash
set -eu

_main() {
  name=${0##*/}
  if [ "${name}" = npm ]; then
    if [ "${1:-}" != run ] || [ ! -e "/app/src/cli/${2:-}.ts" ]; then
      printf 'this image has no npm; there is: doctor, backup, restore\n' >&2
      exit 64
    fi
    name=$2
    shift 2
    [ "${1:-}" != -- ] || shift
  fi
  umask 077
  cd /app
  if [ "$(id -u)" -ne 0 ]; then
    exec node "src/cli/${name}.ts" "$@"
  fi
  exec setpriv --reuid "${PUID:-1000}" --regid "${PGID:-1000}" --clear-groups --no-new-privs \
    node "src/cli/${name}.ts" "$@"
}

_main "$@"
