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
  while [ -e "backups/login-${stamp}.tar.gz" ]; do
    sleep 1
    stamp=$(date +%Y%m%d-%H%M%S)
  done
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

# The one that a rollback would put back stays, however old it is.
forget_old_backups() {
  local file previous needed=''
  previous=$(image_id "${PREVIOUS_IMAGE}")
  [ -z "${previous}" ] || needed=$(backup_of_image "${previous}")
  # The names sort by time.
  for file in backups/login-*.tar.gz; do
    [ -e "${file}" ] && printf '%s\n' "${file}"
  done | sort -r | sed "1,${KEEP_BACKUPS}d" | while IFS= read -r file; do
    [ "${file}" != "${needed}" ] || continue
    rm -f "${file}" "${file%.tar.gz}.image"
  done
}

# Writes down that the image with id $1 has become healthy: only such a one is worth going back to.
remember_worked() {
  if ! grep -qxF "$1" backups/.worked 2>/dev/null; then printf '%s\n' "$1" >>backups/.worked; fi
}

# Whether the image with id $1 has ever become healthy. Nothing is known of those from before this was written down.
has_worked() { [ ! -e backups/.worked ] || grep -qxF "$1" backups/.worked; }

# The newest backup that was made under the image with id $1.
backup_of_image() {
  local file
  for file in backups/login-*.tar.gz; do
    [ -e "${file}" ] || continue
    if [ "$(cat "${file%.tar.gz}.image" 2>/dev/null)" = "$1" ]; then printf '%s\n' "${file}"; fi
  done | sort -r | head -n 1
}

# Where a backup is unpacked: on the disk of the login, so that it only has to be renamed.
readonly RESTORE_ROOM=.wwebjs_auth/.restore

# Unpacks backup $1 beside the present login, which stays as it is: a bad file or
# a full disk changes nothing.
unpack_login() {
  rm -rf "${RESTORE_ROOM}"
  mkdir "${RESTORE_ROOM}" || return 1
  if ! tar -C "${RESTORE_ROOM}" -xzf "$1" || ! chown -hR "${RUN_UID}:${RUN_GID}" "${RESTORE_ROOM}"; then
    rm -rf "${RESTORE_ROOM}"
    return 1
  fi
}

# Puts what was unpacked in place of the present login. The gateway must be stopped.
put_login_back() {
  exchange_login "${RESTORE_ROOM}" || return 1
  rm -rf "${RESTORE_ROOM}"
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
