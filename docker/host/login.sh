# The login: kept before an upgrade, put back with the image it belongs to. A
# browser that is older than the one that wrote it deletes it, so that image and
# backup only ever go back together.
# shellcheck shell=dash

readonly KEEP_BACKUPS=5

has_login() {
  local folder
  for folder in .wwebjs_auth/session-*/Default/IndexedDB; do
    [ ! -d "${folder}" ] || return 0
  done
  return 1
}

# Copies the login to backups/, with the id of the image $1 it belongs to. The
# gateway must be stopped. Whole or not at all; sets BACKUP.
backup_login() {
  local stamp
  stamp=$(date +%Y%m%d-%H%M%S)
  BACKUP=backups/login-${stamp}.tar.gz
  if ! (
    umask 077
    cd .wwebjs_auth || exit
    set --
    for folder in session-*/Default/IndexedDB session-*/Default/'Local Storage'; do
      [ ! -d "${folder}" ] || set -- "$@" "${folder}"
    done
    tar -czf "../${BACKUP}.part" "$@"
  ); then
    rm -f "${BACKUP}.part"
    BACKUP=''
    return 1
  fi
  printf '%s\n' "$1" >"${BACKUP%.tar.gz}.image"
  mv "${BACKUP}.part" "${BACKUP}"
  chown "${RUN_UID}:${RUN_GID}" "${BACKUP}" "${BACKUP%.tar.gz}.image" 2>/dev/null || true
  forget_old_backups
}

forget_old_backups() {
  local file
  # The names sort by time.
  for file in backups/login-*.tar.gz; do
    [ -e "${file}" ] && printf '%s\n' "${file}"
  done | sort -r | sed "1,${KEEP_BACKUPS}d" | while IFS= read -r file; do
    rm -f "${file}" "${file%.tar.gz}.image"
  done
}

# The newest backup that was made under the image with id $1.
backup_of_image() {
  local file
  for file in backups/login-*.tar.gz; do
    [ -e "${file}" ] || continue
    if [ "$(cat "${file%.tar.gz}.image" 2>/dev/null)" = "$1" ]; then printf '%s\n' "${file}"; fi
  done | sort -r | head -n 1
}

# Puts the login of backup $1 back, in place of the present one. The gateway
# must be stopped. Unpacked first, exchanged after, so that a bad file or a full
# disk changes nothing.
restore_login() {
  local room=.wwebjs_auth/.restore
  rm -rf "${room}"
  mkdir "${room}"
  if ! tar -C "${room}" -xzf "$1"; then
    rm -rf "${room}"
    return 1
  fi
  if ! chown -hR "${RUN_UID}:${RUN_GID}" "${room}" || ! exchange_login "${room}"; then
    fail "the login could not be put back whole; try again: sudo ./deploy.sh --rollback"
    return 1
  fi
  rm -rf "${room}"
}

# Moves every login folder below $1 to its place in .wwebjs_auth.
exchange_login() {
  local folder
  for folder in "$1"/session-*/Default/IndexedDB "$1"/session-*/Default/'Local Storage'; do
    [ -d "${folder}" ] || continue
    folder=${folder#"$1"/}
    mkdir -p ".wwebjs_auth/${folder%/*}" &&
      rm -rf ".wwebjs_auth/${folder:?}" &&
      mv "$1/${folder}" ".wwebjs_auth/${folder}" || return 1
  done
}
