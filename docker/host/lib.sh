# What deploy.sh and fix-permissions.sh share: verdict lines, the person behind
# sudo, and the .env file. Sourced, for any POSIX shell that knows `local`.
# shellcheck shell=dash

# sudo on DSM leaves a PATH without Docker and without Synology's own tools.
PATH=${PATH:-}:/usr/local/bin:/usr/local/sbin:/usr/syno/bin:/usr/syno/sbin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  escape=$(printf '\033')
  GREEN="${escape}[32m" YELLOW="${escape}[33m" RED="${escape}[31m" BOLD="${escape}[1m" PLAIN="${escape}[0m"
else
  GREEN='' YELLOW='' RED='' BOLD='' PLAIN=''
fi

heading() { printf '\n%s%s%s\n' "${BOLD}" "$*" "${PLAIN}"; }
ok() { printf '  [%s ok %s] %s\n' "${GREEN}" "${PLAIN}" "$*"; }
warn() { printf '  [%swarn%s] %s\n' "${YELLOW}" "${PLAIN}" "$*"; }
fail() { printf '  [%sFAIL%s] %s\n' "${RED}" "${PLAIN}" "$*"; }
note() { printf '  [ .. ] %s\n' "$*"; }
# A line that continues the verdict above: what to do, or more of the story.
more() { printf '         %s\n' "$*"; }

# $1 as a person can paste it into a command line.
quoted() {
  case $1 in
    *[!A-Za-z0-9_./:@+,-]*) printf '%s\n' "$1" | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/" ;;
    *) printf '%s' "$1" ;;
  esac
}

have() { command -v "$1" >/dev/null 2>&1; }

# A uid or gid of an ordinary user: a number, and not root's.
is_ordinary_id() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
    *) [ "${#1}" -le 10 ] && [ "$1" -gt 0 ] ;;
  esac
}

# The value of variable $2 in the .env file $1: the last line wins, quotes and
# a Windows line end, and a comment behind a space, are taken off, as is a byte
# order mark. Empty when the file or the line is missing.
env_value() {
  [ -r "$1" ] || return 0
  sed -n -e "1s/^$(printf '\357\273\277')//" -e "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$2[[:space:]]*=[[:space:]]*//p" "$1" |
    sed -e 's/^\("[^"]*"\)[[:space:]]*#.*$/\1/' -e "s/^\('[^']*'\)[[:space:]]*#.*\$/\1/" \
      -e "/^[\"']/!s/[[:space:]]#.*\$//" -e 's/[[:space:]]*$//' -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/" |
    tail -n 1
}

# Who will run the gateway, into RUN_UID and RUN_GID: what .env says, else the
# person behind sudo, else whoever runs this, else the owner of the project,
# and where all of these are root, the image's default. $1 is the project folder.
# Fails when .env names root or no number.
find_person() {
  RUN_UID=$(env_value "$1/.env" PUID)
  RUN_GID=$(env_value "$1/.env" PGID)
  PERSON='PUID and PGID in .env'
  if [ -z "${RUN_UID}${RUN_GID}" ]; then
    guess_person "$1"
  fi
  is_ordinary_id "${RUN_UID}" && is_ordinary_id "${RUN_GID}"
}

guess_person() {
  if [ -n "${SUDO_USER:-}" ] && [ "${SUDO_USER}" != root ]; then
    RUN_UID=$(id -u "${SUDO_USER}" 2>/dev/null) || RUN_UID=${SUDO_UID:-}
    RUN_GID=$(id -g "${SUDO_USER}" 2>/dev/null) || RUN_GID=${SUDO_GID:-}
    PERSON="${SUDO_USER}, who called sudo"
  elif [ "$(id -u)" -ne 0 ]; then
    RUN_UID=$(id -u)
    RUN_GID=$(id -g)
    PERSON='you'
  else
    RUN_UID=$(stat -c %u "$1")
    RUN_GID=$(stat -c %g "$1")
    PERSON='the owner of the project folder'
  fi
  if [ "${RUN_UID:-0}" = 0 ] || [ "${RUN_GID:-0}" = 0 ]; then
    RUN_UID=1000
    RUN_GID=1000
    # shellcheck disable=SC2034 # both scripts print it
    PERSON='the default, because everybody to be seen here is root'
  fi
}
