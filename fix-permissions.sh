#!/bin/sh
# Gives the data folders to the user that runs the gateway, and proves it.
# Runs in bash, dash and busybox ash. `--help` says how.
# shellcheck shell=dash
set -eu

readonly DATA_FOLDERS='.wwebjs_auth data'
readonly EX_NOT_WRITABLE=1 EX_USAGE=2 EX_REFUSED=3 EX_NOT_ROOT=4

usage() {
  cat <<'USAGE'
Gives the gateway's data folders to the user that runs it, and proves the result
by writing as that user.

  sudo ./fix-permissions.sh [--dry-run] [--acl] [--user UID:GID] [FOLDER...]

  --dry-run        say what would be done, change nothing
  --acl            Synology: add an entry to the folder's ACL, instead of the
                   chmod that switches the ACL off for this folder
  --user UID:GID   who will run the gateway. Without it: PUID and PGID in .env,
                   else the person who called sudo, else the owner of this folder
  --help           this text

Only .wwebjs_auth and data beside this script are ever touched (both, when no
FOLDER is given). They are made when missing, then:
  chown -R UID:GID, chmod -R u+rwX,g+rX,o-rwx, and a file written as UID:GID.
What is right already is left alone.

Exit code: 0 everything is writable          1 a folder is still not writable
           2 wrong usage                     3 refused: that folder is not ours
           4 changes are needed, and they need root: use sudo
USAGE
}

# Keeps the worst exit code of all folders.
worsen() { [ "$1" -le "${RESULT}" ] || RESULT=$1; }

refuse() {
  fail "$1"
  [ -z "${2:-}" ] || more "$2"
  worsen "${EX_REFUSED}"
  return 1
}

# Sets TARGET to the real path of folder $1, or refuses: whatever a link or a
# typing error makes of it, nothing but the two data folders is changed.
guard() {
  [ -n "$1" ] || refuse 'refused: an empty path' || return 1
  local path=$1
  case ${path} in
    /*) ;;
    *) path=${PROJECT}/${path} ;;
  esac
  case /${path}/ in
    */../*) refuse "refused: ${path} goes up with .." || return 1 ;;
    *) ;;
  esac
  # Of a path whose parent is missing, readlink says nothing: no link is in its way.
  TARGET=$(readlink -f "${path}") || TARGET=${path}

  case ${TARGET} in
    /) refuse 'refused: / is the whole system' || return 1 ;;
    /volume[0-9]* | /volumeUSB* | /volumeSATA*)
      case ${TARGET#/*/} in
        /*) refuse "refused: ${TARGET} is a whole volume" || return 1 ;;
        */*) ;;
        *) refuse "refused: ${TARGET} is a whole shared folder" \
          'Put the project into a folder of its own, such as /volume1/docker/whatsapp-server.' || return 1 ;;
      esac
      ;;
    /*/*) ;;
    *) refuse "refused: ${TARGET} is a folder of the system" || return 1 ;;
  esac

  case ${TARGET} in
    "${PROJECT}"/.wwebjs_auth | "${PROJECT}"/.wwebjs_auth/* | "${PROJECT}"/data | "${PROJECT}"/data/*) ;;
    *)
      if [ -L "${path}" ]; then
        refuse "refused: $1 is a link that leads out of the project, to ${TARGET}" \
          'Replace it by a real folder, or by a bind mount.' || return 1
      fi
      refuse "refused: ${TARGET} is not a data folder of this project" \
        "Data folders of ${PROJECT}: ${DATA_FOLDERS}" || return 1
      ;;
  esac

  if [ -L "${path}" ] && [ ! -e "${path}" ]; then
    refuse "refused: $1 is a link to ${TARGET}, which does not exist" "Remove the link: rm $(quoted "${path}")" || return 1
  fi
  if [ -e "${TARGET}" ] && [ ! -d "${TARGET}" ]; then
    refuse "refused: ${TARGET} is a file, and a folder has to be there" "Move it away: mv $(quoted "${TARGET}") $(quoted "${TARGET}.old")" ||
      return 1
  fi
}

has_acl() {
  have synoacltool || return 1
  local answer
  answer=$(synoacltool -get "$1" 2>&1) || return 1
  case ${answer} in
    *'Linux mode'*) return 1 ;;
    *) return 0 ;;
  esac
}

acl_names_user() {
  synoacltool -get "$1" 2>/dev/null | grep -E "user:(${RUN_UID}|${RUN_NAME}):allow:rwxpdDaARWc" >/dev/null
}

describe() { stat -c 'owner %u:%g, mode %a' "$1" 2>/dev/null || printf 'owner and mode unreadable'; }

# Prints what below $1 belongs to somebody else, or shuts its owner out, or lets
# strangers in. On an ACL share the bits say nothing about strangers.
wrong_entries() {
  find "$1" -xdev ! \( -user "${RUN_UID}" -group "${RUN_GID}" \) -print 2>/dev/null || printf '%s\n' "$1"
  if [ "${FOLDER_ACL}" = no ]; then
    find "$1" -xdev ! -type l \( ! -perm -u+rw -o -type d ! -perm -u+x -o -perm /o+rwx \) -print 2>/dev/null || true
  fi
}

# Writes, renames and removes a file in the current folder, as whoever runs it.
# shellcheck disable=SC2016 # for another shell
readonly PROOF='
  set -eu
  umask 077
  proof=./.write-proof.$$
  mkdir "$proof"
  trap "rm -rf \"$proof\"" EXIT
  dd if=/dev/zero of="$proof/a" bs=4096 count=1 2>/dev/null
  mv "$proof/a" "$proof/b"
  [ "$(wc -c <"$proof/b")" -eq 4096 ]
'

# Runs PROOF in folder $1 as RUN_UID:RUN_GID, with whatever tool is here. From
# inside the folder: the container reaches it by a mount, so the folders above
# it do not count. Fails when it cannot write; 99 when no tool is here.
prove() (
  cd "$1" 2>/dev/null || exit 1
  if [ "$(id -u):$(id -g)" = "${RUN_UID}:${RUN_GID}" ]; then
    sh -c "${PROOF}"
  elif [ "$(id -u)" -ne 0 ]; then
    exit 99
  elif have setpriv && setpriv --reuid "${RUN_UID}" --regid "${RUN_GID}" --clear-groups true; then
    setpriv --reuid "${RUN_UID}" --regid "${RUN_GID}" --clear-groups sh -c "${PROOF}"
  elif have chroot && chroot --userspec="${RUN_UID}:${RUN_GID}" --groups="${RUN_GID}" --skip-chdir / true; then
    chroot --userspec="${RUN_UID}:${RUN_GID}" --groups="${RUN_GID}" --skip-chdir / sh -c "${PROOF}"
  elif have sudo && sudo -n -u "#${RUN_UID}" -g "#${RUN_GID}" true; then
    sudo -n -u "#${RUN_UID}" -g "#${RUN_GID}" sh -c "${PROOF}"
  elif have su && su -s /bin/sh "${RUN_NAME}" -c true; then
    su -s /bin/sh "${RUN_NAME}" -c "${PROOF}"
  else
    exit 99
  fi
) >/dev/null 2>&1

# Proves the folder and, in it, the profiles that exist. 0 writable, 1 not, 99
# when nobody here can try; UNPROVED names the folder that failed.
prove_all() {
  local folder code
  for folder in "$1" "$1"/session-* "$1"/session-*/Default; do
    [ -d "${folder}" ] || continue
    code=0
    prove "${folder}" || code=$?
    UNPROVED=${folder}
    [ "${code}" -eq 0 ] || return "${code}"
  done
}

change_acl() {
  if ! has_acl "${TARGET}"; then
    note "${NAME}: has no ACL (Linux mode), so the mode bits decide: chmod instead"
    return 1
  fi
  if acl_names_user "${TARGET}"; then
    return 0
  fi
  synoacltool -add "${TARGET}" "user:${RUN_NAME}:allow:rwxpdDaARWc--:fd--" >/dev/null 2>&1 ||
    synoacltool -add "${TARGET}" "user:${RUN_UID}:allow:rwxpdDaARWc--:fd--" >/dev/null 2>&1 || {
    fail "${NAME}: synoacltool would not add an entry for ${RUN_NAME} (${RUN_UID})"
    more "By hand: File Station, ${NAME}, Properties, Permission: read and write for that user."
  }
}

# Like the look at what is wrong: never into another file system that is mounted below.
change() {
  if ! find "${TARGET}" -xdev -exec chown -h "${RUN_UID}:${RUN_GID}" {} + 2>/dev/null; then
    warn "${NAME}: not everything could be given to ${RUN_UID}:${RUN_GID} (a network or read-only volume?)"
  fi
  # An ACL that names the user was chosen before, by --acl: it stays.
  if { [ "${ACL}" = yes ] || { [ "${FOLDER_ACL}" = yes ] && acl_names_user "${TARGET}"; }; } && change_acl; then
    return 0
  fi
  if [ "${FOLDER_ACL}" = yes ]; then
    note "${NAME}: has a Synology ACL, which beats the mode bits. chmod switches it off for this folder:"
    more 'File Station will show "Linux mode", and share permissions no longer reach into it. That is'
    more 'what a container needs. To keep the ACL instead, run: sudo ./fix-permissions.sh --acl'
  fi
  # After chown: on an ACL share a new folder can have mode 000.
  find "${TARGET}" -xdev ! -type l -exec chmod u+rwX,g+rX,o-rwx {} + 2>/dev/null ||
    warn "${NAME}: not every mode could be changed (an immutable file? see: lsattr -R $(quoted "${TARGET}"))"
}

plan() {
  note "${NAME}: would change $1 of its entries: chown -hR ${RUN_UID}:${RUN_GID} $(quoted "${TARGET}")"
  if [ "${ACL}" = yes ] && [ "${FOLDER_ACL}" = yes ]; then
    more "synoacltool -add $(quoted "${TARGET}") user:${RUN_NAME}:allow:rwxpdDaARWc--:fd--"
  else
    more "chmod -R u+rwX,g+rX,o-rwx $(quoted "${TARGET}")"
    [ "${FOLDER_ACL}" = no ] || more 'which switches its Synology ACL off ("Linux mode"); --acl keeps it'
  fi
}

explain_failure() {
  fail "$1: still not writable as ${RUN_UID}:${RUN_GID} ($(describe "$2"))"
  if ! touch "$2/.write-proof.root" 2>/dev/null; then
    more 'Root cannot write there either: the volume is read-only or full, or the folder is immutable.'
    more "See: mount | grep '$(df -P "$2" 2>/dev/null | awk 'NR == 2 { print $6 }')'; df -h $(quoted "$2"); lsattr -d $(quoted "$2")"
    return 0
  fi
  rm -f "$2/.write-proof.root"
  if has_acl "$2"; then
    more 'Its ACL refuses. Switch it off with: sudo ./fix-permissions.sh'
    more 'or allow the user: sudo ./fix-permissions.sh --acl'
  else
    more "Look at: ls -lan $(quoted "$2")"
  fi
}

fix_folder() {
  NAME=$1
  guard "$1" || return 0
  if [ ! -d "${TARGET}" ]; then
    if [ "${DRY_RUN}" = yes ]; then
      note "${NAME}: would be made, for ${RUN_UID}:${RUN_GID}, mode 750"
      return 0
    fi
    if ! mkdir -p "${TARGET}" 2>/dev/null; then
      fail "${NAME}: does not exist and cannot be made here"
      if [ "$(id -u)" -eq 0 ]; then
        more "Is the volume read-only or full? See: mount; df -h $(quoted "${PROJECT}")"
        worsen "${EX_NOT_WRITABLE}"
      else
        more 'Run it as root: sudo ./fix-permissions.sh'
        worsen "${EX_NOT_ROOT}"
      fi
      return 0
    fi
    note "${NAME}: was missing, made"
  fi

  FOLDER_ACL=no
  if has_acl "${TARGET}"; then FOLDER_ACL=yes; fi

  local wrong code=0
  wrong=$(wrong_entries "${TARGET}" | sort -u | wc -l)
  prove_all "${TARGET}" || code=$?
  if [ "${wrong}" -eq 0 ] && [ "${code}" -ne 1 ]; then
    verdict "${code}" 'was right already'
    return 0
  fi
  if [ "${DRY_RUN}" = yes ]; then
    plan "${wrong}"
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    fail "${NAME}: not right for ${RUN_UID}:${RUN_GID} ($(describe "${TARGET}")), and only root can change it"
    more 'Run: sudo ./fix-permissions.sh'
    worsen "${EX_NOT_ROOT}"
    return 0
  fi
  change
  code=0
  prove_all "${TARGET}" || code=$?
  verdict "${code}" 'changed'
}

# $1 code of prove_all, $2 what was done
verdict() {
  case $1 in
    0) ok "${NAME}: writable as ${RUN_UID}:${RUN_GID}, proved by writing ($(describe "${TARGET}"); $2)" ;;
    99)
      warn "${NAME}: $2 ($(describe "${TARGET}")), but no way here to write as ${RUN_UID}:${RUN_GID}"
      more 'None of setpriv, chroot, sudo and su can do it. The container will tell.'
      ;;
    *)
      explain_failure "${NAME}" "${UNPROVED}"
      worsen "${EX_NOT_WRITABLE}"
      ;;
  esac
}

wrong_usage() {
  printf 'fix-permissions.sh: %s\nSee: ./fix-permissions.sh --help\n' "$1" >&2
  exit "${EX_USAGE}"
}

parse_user() {
  RUN_UID=${1%%:*}
  RUN_GID=${1#*:}
  case $1 in
    *:*) ;;
    *) wrong_usage "--user needs UID:GID, as in --user 1026:100 (see yours with: id)" ;;
  esac
  if ! is_ordinary_id "${RUN_UID}" || ! is_ordinary_id "${RUN_GID}"; then
    wrong_usage "--user needs two numbers that are not root's, as in --user 1026:100 (see yours with: id)"
  fi
  PERSON='as asked for'
}

_main() {
  # It may be called by a link from elsewhere.
  SELF=$(readlink -f "$0")
  PROJECT=$(cd "$(dirname "${SELF}")" && pwd -P)
  # shellcheck source=docker/host/lib.sh
  . "${PROJECT}/docker/host/lib.sh"
  # Whatever the project's own path looks like, no folder gets // at its start.
  PROJECT=${PROJECT%/}

  DRY_RUN=no ACL=no RESULT=0 RUN_UID='' RUN_GID=''
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --dry-run | -n) DRY_RUN=yes ;;
      --acl) ACL=yes ;;
      --user)
        [ $# -ge 2 ] || wrong_usage '--user needs UID:GID'
        parse_user "$2"
        shift
        ;;
      --user=*) parse_user "${1#--user=}" ;;
      --)
        shift
        break
        ;;
      -*) wrong_usage "unknown option $1" ;;
      *) break ;;
    esac
    shift
  done

  if [ -z "${RUN_UID}" ] && ! find_person "${PROJECT}"; then
    wrong_usage "the gateway cannot run as '${RUN_UID}:${RUN_GID}' (${PERSON}). Two numbers, not root's: --user UID:GID"
  fi
  RUN_NAME=$(id -un "${RUN_UID}" 2>/dev/null) || RUN_NAME=${RUN_UID}
  if [ "${ACL}" = yes ] && ! have synoacltool; then
    wrong_usage '--acl is for a Synology, and there is no synoacltool here. Run it without --acl'
  fi

  printf 'Data folders of %s for %s:%s (%s)\n' "${PROJECT:-/}" "${RUN_UID}" "${RUN_GID}" "${PERSON}"
  if [ $# -eq 0 ]; then
    # shellcheck disable=SC2086 # two names without spaces
    set -- ${DATA_FOLDERS}
  fi
  for folder in "$@"; do
    fix_folder "${folder}"
  done
  return "${RESULT}"
}

_main "$@"
