# Makes what the gateway needs on the host: .env and the folders.
# shellcheck shell=dash

random_key() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# Writes .env at the first run, whole or not at all; later only adds PUID and
# PGID where they are missing. A key never stands on a command line.
make_settings() {
  if [ ! -e .env ]; then
    (
      umask 077
      [ ! -e .env.example ] || cat .env.example
    ) >.env.new
    chmod 600 .env.new
    NEW_API_KEY=$(random_key)
    set_value .env.new API_KEY "${NEW_API_KEY}"
    set_value .env.new PUID "${RUN_UID}"
    set_value .env.new PGID "${RUN_GID}"
    chown "${RUN_UID}:${RUN_GID}" .env.new 2>/dev/null || true
    mv .env.new .env
    ok "made .env with a random API_KEY, readable for ${RUN_UID}:${RUN_GID} alone (mode 600)"
    more "The page asks for the key. See it: sudo grep '^API_KEY=' $(quoted "${PROJECT}/.env")"
    return 0
  fi
  if [ -z "$(env_value .env PUID)" ]; then
    set_value .env PUID "${RUN_UID}"
    set_value .env PGID "${RUN_GID}"
    ok "added PUID=${RUN_UID} and PGID=${RUN_GID} to .env (${PERSON})"
  fi
  case $(stat -c %a .env) in
    *00) ok '.env is as it was' ;;
    *)
      chmod 600 .env
      ok '.env could be read by others; now mode 600'
      ;;
  esac
}

# Sets $2=$3 in file $1: in place of its line, commented out or not, else at the end.
set_value() {
  local file owner mode
  # Where a link leads: what is renamed would take its place.
  file=$(readlink -f "$1")
  owner=$(stat -c %u:%g "${file}")
  mode=$(stat -c %a "${file}")
  (
    umask 077
    VALUE=$3 awk -v name="$2" '
    $0 ~ "^#? *" name "=" { if (!done) print name "=" ENVIRON["VALUE"]; done = 1; next }
    { print }
    END { if (!done) print name "=" ENVIRON["VALUE"] }
  ' "${file}" >"${file}.edit"
  )
  # Renamed over the old file, so that a full disk leaves that as it was.
  chown "${owner}" "${file}.edit" 2>/dev/null || true
  chmod "${mode}" "${file}.edit"
  mv "${file}.edit" "${file}"
}

# Its files are logins: for their owner alone.
make_backups_folder() {
  [ ! -d backups ] || return 0
  if ! mkdir backups 2>/dev/null; then
    fail 'the folder backups cannot be made'
    more "Is a file in its place, or is the volume read-only? See: ls -ld $(quoted "${PROJECT}/backups"); mount"
    return 1
  fi
  chown "${RUN_UID}:${RUN_GID}" backups 2>/dev/null || true
  chmod 700 backups
}

make_folders() {
  # Its lines are part of this report; its first line repeats what is known.
  local code=0 lines
  lines=$(sh ./fix-permissions.sh --user "${RUN_UID}:${RUN_GID}") || code=$?
  printf '%s\n' "${lines}" | sed 1d
  return "${code}"
}
