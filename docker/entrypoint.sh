#!/bin/sh
# Starts the gateway as an ordinary user, with writable folders.
#
#   as root (the default)   gives the data folders to PUID:PGID, becomes that user
#   with `user:` set        checks the folders and says what is missing
#
# A folder that stays unusable does not end the container: the gateway explains
# it on its page and in its status, and connects by itself once it is mended.
# shellcheck shell=dash
set -eu

EX_NOPERM=77
EX_CONFIG=78

say() { printf 'entrypoint: %s\n' "$*" >&2; }

die() {
  code=$1
  shift
  say "$@"
  exit "${code}"
}

needs_capabilities() {
  die "${EX_NOPERM}" "not allowed to $1. Add cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID], or set user: \"${PUID}:${PGID}\""
}

is_id() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
    *) [ "${#1}" -le 10 ] ;;
  esac
}

# The folders of the host, as the configuration names them.
data_folders() {
  printf '%s\n' "${WHATSAPP_SESSION_PATH:-/app/.wwebjs_auth}" "${DATA_PATH:-/app/data}"
}

# What Chromium and Node write beside the data: in memory, for this user alone.
make_home() {
  export HOME="${HOME:-/tmp/home}"
  export XDG_CONFIG_HOME="${XDG_CONFIG_HOME:-${HOME}/.config}" XDG_CACHE_HOME="${XDG_CACHE_HOME:-${HOME}/.cache}"
  mkdir -p "${HOME}" "${XDG_CONFIG_HOME}" "${XDG_CACHE_HOME}" 2>/dev/null ||
    die "${EX_CONFIG}" "cannot write ${HOME}. Add to the service: tmpfs: [/tmp]"
}

# Gives what is below $1 to PUID:PGID and opens folders that their owner cannot
# enter (DSM makes them with mode 000). Touches only what is wrong: a chmod
# switches a Synology ACL off, and a login has thousands of files.
own_folder() {
  [ -d "$1" ] || return 0
  if ! find "$1" -xdev ! \( -user "${PUID}" -group "${PGID}" \) -exec chown -h "${PUID}:${PGID}" {} + 2>/dev/null; then
    say "could not give $1 to ${PUID}:${PGID} (read-only mount, NFS, or capabilities CHOWN, FOWNER, DAC_OVERRIDE missing)"
    say "on the host: sudo ./fix-permissions.sh"
    return 0
  fi
  find "$1" -xdev -type d ! -perm -u+rwx -exec chmod u+rwx {} + 2>/dev/null ||
    say "could not open every folder below $1; on the host: sudo ./fix-permissions.sh"
}

check_folder() {
  if [ ! -d "$1" ]; then
    mkdir "$1" 2>/dev/null && return 0
    say "$1 does not exist. Mount a folder of the host there; on the host: sudo ./fix-permissions.sh"
  elif [ ! -w "$1" ] || [ ! -x "$1" ]; then
    owner=$(stat -c 'owner %u:%g, mode %a' "$1" 2>/dev/null || echo 'owner unknown')
    say "$1 is not writable for $(id -u):$(id -g) (${owner}). On the host: sudo ./fix-permissions.sh --user $(id -u):$(id -g)"
  fi
}

# Node names its folder of compiled code after the user that made it: here it
# finds the image's own under the name of user $1. Halves the start.
use_compiled_code() {
  export NODE_COMPILE_CACHE="${HOME}/.compile-cache"
  local made name
  mkdir -p "${NODE_COMPILE_CACHE}"
  for made in /app/.compile-cache/*-0; do
    [ -d "${made}" ] || continue
    name=${made##*/}
    ln -sfn "${made}" "${NODE_COMPILE_CACHE}/${name%-0}-$1"
  done
}

# Chromium's sandbox is made of namespaces and a chroot, and most engines allow
# an ordinary user neither. Where that is plain, the browser need not find it
# out by failing, for seconds. Called with the command that becomes the user.
choose_sandbox() {
  if "$@" unshare --user --map-root-user --pid --net --fork chroot / true 2>/dev/null; then return 0; fi
  export CHROMIUM_ARGS="--no-sandbox ${CHROMIUM_ARGS:-}"
}

start_as_root() {
  PUID=${PUID:-1000}
  PGID=${PGID:-1000}
  if ! is_id "${PUID}" || ! is_id "${PGID}"; then
    die "${EX_CONFIG}" "PUID and PGID must be numbers, got '${PUID}' and '${PGID}'. See yours with: id"
  fi
  if [ "${PUID}" -eq 0 ] || [ "${PGID}" -eq 0 ]; then
    die "${EX_CONFIG}" "PUID=${PUID} PGID=${PGID} means root, and the browser must not be root. See those of an ordinary user with: id NAME"
  fi
  setpriv --reuid "${PUID}" --regid "${PGID}" --clear-groups true 2>/dev/null ||
    needs_capabilities "become ${PUID}:${PGID}"

  make_home
  use_compiled_code "${PUID}"
  chown -hR "${PUID}:${PGID}" "${HOME}" 2>/dev/null || needs_capabilities "give ${HOME} to ${PUID}:${PGID}"
  choose_sandbox setpriv --reuid "${PUID}" --regid "${PGID}" --clear-groups --no-new-privs
  data_folders | while IFS= read -r folder; do own_folder "${folder}"; done
  exec setpriv --reuid "${PUID}" --regid "${PGID}" --clear-groups --no-new-privs "$@"
}

start_as_user() {
  if [ -n "${PUID:-}" ] && [ "${PUID}" != "$(id -u)" ]; then
    say "PUID=${PUID} is not used, because the container was started as $(id -u):$(id -g)"
  fi
  make_home
  use_compiled_code "$(id -u)"
  choose_sandbox env
  data_folders | while IFS= read -r folder; do check_folder "${folder}"; done
  exec "$@"
}

_main() {
  umask 077
  if [ "$$" -eq 1 ]; then
    say 'no init in this container: a browser that crashes leaves zombies. Add init: true, or docker run --init'
  fi
  case $(id -u) in
    0) start_as_root "$@" ;;
    *) start_as_user "$@" ;;
  esac
}

_main "$@"
